import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { makeClip } from "../../../test/support/clip.ts";
import { FakeS3, type S3Fault, s3Keys } from "../../../test/support/fake-s3-server.ts";
import { FakeScheduler } from "../../../test/support/fake-scheduler.ts";
import { RecordedDisk } from "../../../test/support/recorded-disk.ts";
import type { Log } from "../log.ts";
import { silentLog } from "../log.ts";
import { createServer } from "../server.ts";
import type { RecordedFile } from "./recorded.ts";
import { RecordingIndex } from "./recording-index.ts";
import { S3Uploads } from "./s3-uploads.ts";

/** What stands for a mebibyte here, so that a busy machine is quick enough. */
const MiB = 16 * 1024;
const path = "live/cam/1.mp4";
let folder: string;
let index: RecordingIndex;
let s3: FakeS3;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-s3-"));
  index = await RecordingIndex.open(join(folder, "index.sqlite"));
  s3 = await FakeS3.start();
  s3.smallestPart = 5 * MiB;
});

afterEach(async () => {
  await index.close();
  await s3[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Bytes that differ from place to place. */
function bytesOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 2654435761) >>> 13);
}

function fileOf(size: number, state: RecordedFile["state"]): RecordedFile {
  const times = { start: 0, end: 1, timeline: 0, duration: 1, tracks: [], gaps: [], clocks: [] };
  return { recording: "r", stream: "live/cam", n: 1, path, format: "mp4", state, size, ...times };
}

interface BenchOptions {
  readonly disk?: RecordedDisk;
  readonly secretKey?: string;
  readonly keepLocal?: boolean;
  readonly patience?: number;
}

class Bench {
  readonly disk = new RecordedDisk();
  readonly clock = new FakeScheduler();
  readonly lines: string[] = [];
  readonly uploads: S3Uploads;

  constructor(content: Uint8Array, { disk, secretKey = s3Keys.secretKey, keepLocal = true, patience = 20_000 }: BenchOptions = {}) {
    if (disk === undefined) this.disk.put(`/rec/${path}`, content);
    else this.disk = disk;
    const note = (fields: object, text: string): void => void this.lines.push(`${JSON.stringify(fields)} ${text}`);
    const log = { ...silentLog(), warn: note, error: note, info: note } as unknown as Log;
    const settings = { ...s3Keys, endpoint: s3.endpoint, prefix: "rec/", secretKey, keepLocal };
    this.uploads = new S3Uploads({ settings, folder: "/rec", disk: this.disk, index, scheduler: this.clock, log, patience, part: 8 * MiB });
  }

  async see(size: number, state: RecordedFile["state"]): Promise<void> {
    await index.ask("saveFile", fileOf(size, state));
    await this.uploads.see(fileOf(size, state), false);
  }

  /** Lets what waits for another try not wait. */
  async until(isSo: () => boolean | Promise<boolean>): Promise<void> {
    for (const deadline = Date.now() + 20_000; !(await isSo());) {
      assert.ok(Date.now() < deadline, `not in time; ${s3.log.join(", ")}; ${this.lines.join("\n")}`);
      await delay(5);
      this.clock.advance(1000);
    }
  }

  done(): Promise<void> {
    return this.until(() => this.uploads.pending === 0);
  }
}

test("a small file is sent at once, under its path", async () => {
  const content = bytesOf(100_000);
  const bench = new Bench(content);
  await bench.see(content.length, "complete");
  await bench.done();
  assert.deepEqual([...s3.objects.keys()], [`rec/${path}`]);
  assert.ok(s3.objects.get(`rec/${path}`)!.equals(content));
  assert.deepEqual(s3.log, ["PUT", "HEAD"]);
  assert.equal((await index.ask("files", "r", 1))[0]!.uploaded, true);
});

test("a large file is sent while it is written, a part as soon as it is there", async () => {
  const content = bytesOf(20 * MiB);
  const bench = new Bench(content);
  await bench.see(7 * MiB, "writing");
  await bench.see(9 * MiB, "writing");
  await bench.until(() => s3.log.includes("part 1"));
  await bench.see(20 * MiB, "complete");
  await bench.done();
  assert.deepEqual(s3.log, ["begin", "part 1", "part 2", "part 3", "complete", "HEAD"]);
  assert.ok(s3.objects.get(`rec/${path}`)!.equals(content));
  assert.equal(s3.uploads.size, 0);
});

for (const [fault, where] of [
  ["error", "begin"],
  ["error", "part 2"],
  ["error", "complete"],
  ["hang", "part 1"],
  ["hang", "complete"],
  ["late-error", "complete"],
  ["short", "part 2"],
  ["error", "HEAD"],
] as const satisfies readonly (readonly [S3Fault, string])[]) {
  test(`${fault} at ${where}: it is tried again until it is there as a whole`, async () => {
    const content = bytesOf(10 * MiB);
    let left = 2;
    s3.fault = (what) => (what === where && left-- > 0 ? fault : undefined);
    const bench = new Bench(content, { patience: fault === "hang" ? 1000 : 20_000 });
    await bench.see(content.length, "complete");
    await bench.done();
    assert.ok(s3.objects.get(`rec/${path}`)!.equals(content));
    assert.ok(bench.lines.some((line) => line.includes("not uploaded yet")));
  });
}

test("after a restart it goes on where it was, and does not send twice", async () => {
  const content = bytesOf(20 * MiB);
  s3.fault = (what) => (what === "part 2" ? "error" : undefined);
  const first = new Bench(content);
  await first.see(content.length, "complete");
  await first.until(() => s3.log.includes("part 2"));
  first.uploads.close();
  s3.fault = () => undefined;
  s3.log.length = 0;
  const second = new Bench(content);
  await second.until(async () => (await index.ask("upload", path))?.uploaded === 8 * MiB);
  await second.uploads.resume();
  await second.done();
  assert.deepEqual(s3.log.slice(-4), ["part 2", "part 3", "complete", "HEAD"]);
  assert.ok(!s3.log.includes("part 1") && !s3.log.includes("begin"));
  assert.ok(s3.objects.get(`rec/${path}`)!.equals(content));
});

test("a file that became shorter than what was sent, or an upload that is gone, begins anew", async () => {
  const content = bytesOf(9 * MiB);
  await index.ask("saveUpload", { path, upload: "gone", uploaded: 8 * MiB, etags: ['"x"'], done: false, local: true });
  const bench = new Bench(content);
  await bench.see(content.length, "complete");
  await bench.done();
  assert.ok(s3.objects.get(`rec/${path}`)!.equals(content));
  s3.objects.clear();
  await index.ask("saveUpload", { path, upload: "gone", uploaded: 16 * MiB, etags: ['"x"', '"y"'], done: false, local: true });
  const shorter = new Bench(content);
  await shorter.see(content.length, "cut");
  await shorter.done();
  assert.ok(s3.objects.get(`rec/${path}`)!.equals(content));
});

test("without a copy here the file goes when it is there, and the index keeps it", async () => {
  const content = bytesOf(1000);
  const bench = new Bench(content, { keepLocal: false });
  await bench.see(content.length, "complete");
  await bench.done();
  await assert.rejects(bench.disk.stat(`/rec/${path}`), { code: "ENOENT" });
  assert.equal((await index.ask("files", "r", 1))[0]!.uploaded, true);
  assert.deepEqual([await index.ask("totalSize"), await index.ask("paths"), await index.ask("oldest", 5)], [0, [], []]);
});

test("a wrong key is told in words without it", async () => {
  const secretKey = "another/secret+key";
  const bench = new Bench(bytesOf(1000), { secretKey });
  await bench.see(1000, "complete");
  await bench.until(() => bench.lines.length > 0);
  bench.uploads.close();
  assert.match(bench.lines[0]!, /403 SignatureDoesNotMatch/);
  assert.ok(!bench.lines.join("").includes(secretKey));
  assert.equal(s3.objects.size, 0);
});

test("a server copies what it records", async () => {
  const recordings = join(folder, "rec");
  const place = { ...s3Keys, endpoint: s3.endpoint, keepLocal: false };
  const recording = { folder: recordings, streams: ["**"], template: "{stream}.{ext}", s3: place };
  const clip = await makeClip();
  await using server = createServer({ auth: false, rtmp: { enabled: false }, http: { enabled: false }, recording });
  const kept = new Promise<Buffer>(
    (resolve) => void server.on("recorded", async ({ file }) => resolve(await readFile(join(recordings, file.path)))),
  );
  await server.publish("live/cam", createReadStream(clip), { format: "flv" });
  const bytes = await kept;
  for (const deadline = Date.now() + 10_000; (await readdir(join(recordings, "live"))).length > 0; await delay(10))
    assert.ok(Date.now() < deadline);
  assert.ok(s3.objects.get("live/cam.mp4")!.equals(bytes));
});
