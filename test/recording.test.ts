/** What is recorded is what was published, bit for bit, as FFmpeg reads it: in every format, whole and cut. */
import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createServer } from "../src/index.ts";
import { makeClip } from "./support/clip.ts";
import { framePts, type Packet, packetsOf } from "./support/packets.ts";
import { run } from "./support/program.ts";

let folder: string;
let clip: string;
let published: readonly Packet[];

const streams = {
  mp4: { format: "mp4" },
  flv: { format: "flv" },
  ts: { format: "mpegts" },
  front: { format: "mp4", finish: "faststart" },
  "mp4-cut": { format: "mp4", cutAtKeyFrames: true },
  "flv-cut": { format: "flv", cutTime: "1s" },
  "ts-cut": { format: "mpegts", cutTime: "1s" },
  "front-cut": { format: "mp4", finish: "faststart", cutTime: "1s" },
} as const;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-recorded-"));
  clip = await makeClip({ seconds: 3 });
  published = await packetsOf(clip);
  const rules = Object.entries(streams).map(([match, rule]) => ({ match, template: "{stream}-{n}.{ext}", ...rule }));
  await using server = createServer({
    auth: false,
    rtmp: { enabled: false },
    http: { enabled: false },
    recording: { folder, streams: rules },
  });
  await Promise.all(Object.keys(streams).map((name) => server.publish(name, createReadStream(clip), { format: "flv" })));
  await server.close(60_000);
});

after(() => rm(folder, { recursive: true }));

async function filesOf(name: string): Promise<string[]> {
  const files = await readdir(folder);
  return files
    .filter((file) => file.startsWith(`${name}-`) && /^\d/.test(file.slice(name.length + 1)))
    .toSorted()
    .map((file) => join(folder, file));
}

const hashes = (packets: readonly Packet[], kind: Packet["kind"]): string[] =>
  packets.filter((packet) => packet.kind === kind).map(({ md5 }) => md5);

/** Hashes of what FFmpeg decodes: MPEG-TS wraps the same pictures and sounds in other bytes. */
async function decoded(file: string): Promise<string[]> {
  const { stdout } = await run("ffmpeg", ["-v", "error", "-nostdin", "-i", file, "-map", "0", "-f", "framemd5", "-"]);
  return stdout
    .toString("utf8")
    .split("\n")
    .filter((line) => line.startsWith("0,"))
    .map((line) => line.split(",").at(-1)!.trim());
}

for (const name of Object.keys(streams)) {
  test(`${name}: payloads and picture times are those that were published`, async () => {
    const files = await filesOf(name);
    assert.equal(files.length, name.endsWith("-cut") ? 3 : 1);
    const pts: number[] = [];
    const packets: Packet[] = [];
    for (const file of files) {
      const own = await packetsOf(file);
      packets.push(...own);
      const own0 = Math.min(...(await framePts(file)));
      // Each file's times begin at 0: within it they are exact, and the next goes on a frame later.
      const base = pts.length === 0 ? own0 : own0 - Math.max(...pts) - 40_000;
      pts.push(...(await framePts(file)).map((at) => at - base));
    }
    const wanted = (await framePts(clip)).toSorted((a, b) => a - b);
    const got = pts.toSorted((a, b) => a - b);
    assert.deepEqual(
      got.map((at) => Math.round((at - got[0]!) / 1000)),
      wanted.map((at) => Math.round((at - wanted[0]!) / 1000)),
    );
    if (!name.startsWith("ts")) {
      assert.deepEqual(hashes(packets, "video"), hashes(published, "video"));
      assert.deepEqual(hashes(packets, "audio"), hashes(published, "audio"));
    }
  });
}

test("MPEG-TS decodes to the same pictures", async () => {
  const [file] = await filesOf("ts");
  const wanted = await decoded(clip);
  const got = await decoded(file!);
  assert.deepEqual(got.filter((hash) => wanted.includes(hash)).length, got.length, "no picture or sound is another");
  assert.ok(got.length >= 75);
});

test("MPEG-TS: no frame is missing where files are cut", async () => {
  const kinds = async (files: readonly string[]): Promise<number[]> => {
    const packets = (await Promise.all(files.map((file) => packetsOf(file)))).flat();
    return [hashes(packets, "video").length, hashes(packets, "audio").length];
  };
  assert.deepEqual(await kinds(await filesOf("ts-cut")), [hashes(published, "video").length, hashes(published, "audio").length]);
});

test("a file with its index in front says how long it is, and seeks", async () => {
  const [file] = await filesOf("front");
  const { stdout } = await run("ffprobe", ["-v", "trace", "-show_entries", "format=duration", "-of", "csv=p=0", file!]);
  assert.ok(Math.abs(Number(stdout.toString()) - 3.05) < 0.1, stdout.toString());
  const seek = await run("ffmpeg", ["-v", "error", "-nostdin", "-ss", "2", "-i", file!, "-frames:v", "1", "-f", "framemd5", "-"]);
  assert.match(seek.stdout.toString(), /^0, /m);
});
