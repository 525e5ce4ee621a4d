import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, rename, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { makeClip } from "../../../test/support/clip.ts";
import { RecordedDisk } from "../../../test/support/recorded-disk.ts";
import { RecordingBench, turns } from "../../../test/support/recording-bench.ts";
import { checkConfig } from "../config/resolve.ts";
import type { ConfigInput } from "../config/schema.ts";
import { silentLog } from "../log.ts";
import type { RecordedFile } from "./recorded.ts";
import { RecordingIndex } from "./recording-index.ts";
import { indexName, type RecordingLibrary } from "./recording-library.ts";
import { RecordingService } from "./recording-service.ts";
import { removeOld } from "./retention.ts";
import { Hub } from "../../hub/hub.ts";
import { createServer } from "../server.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-library-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** Records a clip of three seconds, cut each second, as any server would. */
async function record(name: string, settings: ConfigInput["recording"] = {}): Promise<void> {
  const recording: ConfigInput["recording"] = { folder, streams: ["**"], cutTime: "1s", ...settings };
  await using server = createServer({ auth: false, rtmp: { enabled: false }, http: { enabled: false }, recording });
  await server.publish(name, createReadStream(await makeClip()), { format: "flv" });
  await server.close();
}

/** A server that does nothing but look at what is there. */
async function look<Result>(see: (library: RecordingLibrary) => Promise<Result>): Promise<Result> {
  const { recording } = checkConfig({ recording: { folder } });
  const service = new RecordingService(new Hub(), recording, silentLog());
  try {
    await service.library.whenTrue();
    return await see(service.library);
  } finally {
    await service.close(10_000);
  }
}

/** What of a file must be the same whoever tells it. */
function facts(files: readonly RecordedFile[]): unknown {
  return files.map(({ path, recording, stream, n, size, state, start, timeline, duration, tracks }) => ({
    ...{ path, recording, stream, n, size, state, start, tracks },
    times: [Math.round(timeline), Math.round(duration / 100)],
  }));
}

const dataOf = async (library: RecordingLibrary) => {
  const rows = await library.list({ limit: 10 });
  return { rows, files: facts((await Promise.all(rows.map(({ id }) => library.files(id, 100)))).flat()) };
};

test("the index has every recording and its files, after a restart too, and says which file has a stream at a time", async () => {
  await record("live/a");
  await record("live/b", { format: "flv" });
  await look(async (library) => {
    const rows = await library.list({ limit: 10 });
    assert.deepEqual(
      rows.map(({ stream, by, state, files, lost, error }) => ({ stream, by, state, files, lost, error })),
      ["live/b", "live/a"].map((stream) => ({ stream, by: "settings", state: "ended", files: 3, lost: 0, error: null })),
    );
    assert.equal((await library.list({ limit: 10, stream: "live/a" })).length, 1);
    const [newest] = rows;
    assert.equal((await library.list({ limit: 1, before: { started: newest!.started, id: newest!.id } }))[0]?.stream, "live/a");
    const files = await library.files(rows[1]!.id, 10);
    assert.deepEqual(
      files.map(({ n, state, format }) => [n, state, format]),
      [1, 2, 3].map((n) => [n, "complete", "mp4"]),
    );
    const middle = files[1]!;
    const at = (middle.start + middle.end) / 2;
    assert.deepEqual(
      (await library.filesBetween("live/a", at, at)).map(({ path }) => path),
      [middle.path],
    );
    assert.equal((await library.filesBetween("live/a", files[0]!.start, files[2]!.end)).length, 3);
    assert.deepEqual(await library.filesBetween("live/c", 0, 9e15), []);
    assert.equal(
      rows[1]!.size,
      files.reduce((sum, { size }) => sum + size, 0),
    );
  });
});

for (const [what, harm] of [
  ["lost", () => rm(join(folder, indexName))],
  ["damaged", () => truncate(join(folder, indexName), 5000)],
  ["overwritten", () => writeFile(join(folder, indexName), "this is no database at all, whatever it is called".repeat(200))],
] as const) {
  test(`an index that is ${what} is made anew from the files`, async () => {
    await record("live/a");
    await record("live/b", { format: "flv" });
    await record("live/c", { format: "mpegts" });
    const before = await look(dataOf);
    await harm();
    const after = await look(dataOf);
    assert.deepEqual(after.files, before.files);
    assert.deepEqual(
      after.rows.map(({ stream, by, files }) => [stream, by, files]),
      before.rows.map(({ stream, files }) => [stream, "unknown", files]),
    );
  });
}

test("files that came, went or were cut while nobody looked are told as they are", async () => {
  await record("live/a");
  const [row] = await look((library) => library.list({ limit: 1 }));
  const files = await look((library) => library.files(row!.id, 10));
  const path = (index: number): string => join(folder, files[index]!.path);
  await rm(path(0));
  await rename(path(1), join(folder, "moved.mp4"));
  await utimes(join(folder, "moved.mp4"), 0, 0);
  const now = await look((library) => library.files(row!.id, 10));
  assert.deepEqual(
    now.map(({ path: at, n, state }) => [at, n, state]),
    [
      ["moved.mp4", 2, "complete"],
      [files[2]!.path, 3, "complete"],
    ],
  );
});

test("a file that nobody finished gets its true end, and what is broken off is taken away", async () => {
  await record("live/a", { cutTime: "0s" });
  const [row] = await look((library) => library.list({ limit: 1 }));
  const [file] = await look((library) => library.files(row!.id, 10));
  const path = join(folder, file!.path);
  await truncate(path, Math.round(file!.size * 0.6));
  const index = await RecordingIndex.open(join(folder, indexName));
  await index.ask("saveFile", { ...file!, state: "writing", size: 5, duration: 0 });
  await index.ask("saveRecording", { ...(await index.ask("recording", row!.id))!, ended: null });
  await index.close();
  await look(async (library) => {
    const [now] = await library.files(row!.id, 10);
    assert.equal(now!.state, "cut");
    assert.ok(now!.duration > 1000 && now!.duration < 2500, String(now!.duration));
    assert.equal(now!.size, (await stat(path)).size);
    assert.match((await library.recording(row!.id))!.error!, /ended in the middle/);
  });
});

test("a second server leaves the index of the first alone, and records all the same", async () => {
  const index = await RecordingIndex.open(join(folder, indexName));
  await record("live/a", { cutTime: "0s" });
  await index.close();
  assert.equal((await readdir(join(folder, "live/a"))).length, 1);
});

test("old files go by age, by size and by free space, the oldest first, never the one that is written", async () => {
  const disk = new RecordedDisk();
  const bench = new RecordingBench({ disk, recording: { cutTime: "1s", template: "{n}.{ext}" } });
  bench.publish();
  await bench.live(5000);
  await turns(20);
  const index = await RecordingIndex.open(join(folder, indexName));
  for (const file of bench.files.values()) await index.ask("saveFile", file);
  const kept = async (rules: { keepFor?: number; keepSize?: number; keepFree?: number }): Promise<string[]> => {
    const removed: string[] = [];
    await removeOld(
      {
        ...{ disk, folder: "/rec", index, log: silentLog(), mayGo: () => true },
        rules: { keepFor: 0, keepSize: 0, keepFree: 0, ...rules },
        removed: ({ path }, why) => void removed.push(`${path} ${why}`),
      },
      bench.clock.wallClock(),
    );
    for (const line of removed) await assert.rejects(disk.stat(`/rec/${line.split(" ")[0]}`), { code: "ENOENT" });
    return removed;
  };
  assert.deepEqual(await kept({ keepFor: 60_000 }), []);
  assert.deepEqual(await kept({ keepFor: 3500 }), ["1.mp4 age"]);
  const sizes = [...bench.files.values()].map(({ size }) => size);
  assert.deepEqual(await kept({ keepSize: sizes.slice(2).reduce((sum, size) => sum + size, 0) }), ["2.mp4 size"]);
  disk.free = 1000;
  assert.deepEqual(await kept({ keepFree: 1001 }), ["3.mp4 space", "4.mp4 space"]);
  assert.equal((await disk.stat("/rec/5.mp4")).kind, "file", "that one is being written");
  await index.close();
  bench.publication.close("unpublished");
  await turns(20);
});
