/** Clips: a part of a stream's past as a file, out of memory while it is live and out of its recording afterwards. */
import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type ComposedServer, createServer } from "../src/server/server.ts";
import { makeClip } from "./support/clip.ts";
import { type Packet, packetsOf } from "./support/packets.ts";
import { run } from "./support/program.ts";

let folder: string;
let server: ComposedServer;
let api: string;
let source: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-clips-"));
  source = await makeClip();
  server = createServer({
    rtmp: { enabled: false },
    http: { host: "127.0.0.1", port: 0 },
    streams: { ringTime: "1m" },
    clips: { maxDuration: "1h", maxSize: "1MiB" },
    recording: { folder, streams: [{ match: "live/cut", cutTime: "1s" }], template: "{stream}-{n}.{ext}" },
  });
  await server.listen();
  api = `http://127.0.0.1:${server.address("http")!.port}/api/v1/clips`;
});

after(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

function ask(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(api, { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) });
}

const iso = (at: number): string => new Date(at).toISOString();

/** Publishes the source in real time. @returns the wall clock of its first picture, and when it is over */
async function publish(name: string): Promise<{ begin: number; done: Promise<void> }> {
  const done = server.publish(name, createReadStream(source), { format: "flv", pace: "realtime" });
  const { value } = await server
    .stream(name)
    .frames({ tracks: ({ kind }) => kind === "video" })
    .next();
  return { begin: value!.utcOffset + (value!.pts * 1000) / value!.track.timescale, done };
}

interface Told {
  readonly packets: readonly Packet[];
  /** Seconds of the video that is shown, and how many of its pictures. */
  readonly duration: number;
  readonly pictures: number;
}

async function clip(body: object): Promise<Told & { readonly headers: Headers }> {
  const response = await ask(body);
  assert.equal(response.status, 200, response.status === 200 ? "" : await response.clone().text());
  const file = join(folder, "clip.mp4");
  const bytes = Buffer.from(await response.arrayBuffer());
  assert.equal(response.headers.get("content-length"), String(bytes.length));
  await writeFile(file, bytes);
  const { stdout } = await run("ffprobe", [
    "-v",
    "error",
    "-select_streams",
    "v",
    "-show_entries",
    "stream=duration",
    "-of",
    "csv=p=0",
    file,
  ]);
  const decoded = await run("ffmpeg", ["-v", "error", "-xerror", "-i", file, "-map", "0:v", "-f", "framemd5", "-"]);
  const pictures = decoded.stdout
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#")).length;
  return { packets: await packetsOf(file), duration: Number(stdout.toString("utf8")), pictures, headers: response.headers };
}

/** That the packets of a kind are some that were published, in a row, and begin where expected. */
function isPartOf(all: readonly Packet[], part: readonly Packet[], kind: Packet["kind"]): readonly Packet[] {
  const published = all.filter((packet) => packet.kind === kind);
  const hashes = part.filter((packet) => packet.kind === kind).map(({ md5 }) => md5);
  const first = published.findIndex(({ md5 }) => md5 === hashes[0]);
  assert.ok(hashes.length > 0 && first >= 0, `${kind} is not what was published`);
  const found = published.slice(first, first + hashes.length);
  assert.deepEqual(
    found.map(({ md5 }) => md5),
    hashes,
  );
  return found;
}

test("a clip of a live stream shows what was asked for, of payloads as they were published", async () => {
  const { begin, done } = await publish("live/cam");
  for await (const { pts, track } of server.stream("live/cam").frames()) if ((pts * 1000) / track.timescale > 2400) break;
  const from = begin + 1300;
  const told = await clip({ stream: "live/cam", from: iso(from), to: iso(from + 800) });
  const video = isPartOf(await packetsOf(source), told.packets, "video");
  isPartOf(await packetsOf(source), told.packets, "audio");
  assert.equal(video[0]!.isKey, true);
  assert.ok(Math.abs(told.duration - 0.8) < 0.05, `${told.duration} s`);
  assert.ok(Math.abs(Date.parse(told.headers.get("clip-from")!) - from) <= 1);
  assert.match(told.headers.get("content-disposition")!, /^attachment; filename="live_cam-[\w.-]+\.mp4"$/);
  const rate = (await packetsOf(source)).filter(({ kind }) => kind === "video").length / 3;
  assert.ok(Math.abs(told.pictures - 0.8 * rate) <= 1, `${told.pictures} pictures at ${rate} a second`);
  await done;
  // It is over, and nothing of it is kept.
  assert.equal((await ask({ stream: "live/cam", from: iso(begin), to: iso(begin + 500) })).status, 404);
});

test("out of a recording that was cut into files, when the stream is over", async () => {
  const { begin, done } = await publish("live/cut");
  await done;
  await server.stream("live/cut").record().stop();
  const from = begin + 600;
  const told = await clip({ stream: "live/cut", from: iso(from), to: iso(from + 1700) });
  const video = isPartOf(await packetsOf(source), told.packets, "video");
  isPartOf(await packetsOf(source), told.packets, "audio");
  assert.ok(Math.abs(told.duration - 1.7) < 0.06, `${told.duration} s`);
  assert.equal(video[0]!.isKey, true);
});

test("what is wrong is told in words", async () => {
  const now = Date.now();
  for (const [body, status, words] of [
    [{ stream: "live/x", from: "then" }, 400, /no date/],
    [{ stream: "live/x", from: iso(now), to: iso(now + 60_000) }, 400, /future/],
    [{ stream: "live/x", from: iso(now - 1000), to: iso(now - 2000) }, 400, /before it begins/],
    [{ stream: "live/x", from: iso(now - 7_200_000) }, 400, /3600 s/],
    [{ stream: "../x", from: iso(now - 1000) }, 400, /stream name/],
    [{ stream: "live/x", from: iso(now - 1000), till: 3 }, 400, /till/],
    [{ stream: "live/x", from: iso(now - 1000) }, 404, /Nothing of "live\/x"/],
  ] as const) {
    const response = await ask(body);
    const { error } = (await response.json()) as { error: { message: string } };
    assert.deepEqual([response.status, words.test(error.message)], [status, true], error.message);
  }
  assert.equal((await ask({ stream: "live/x", from: iso(now) }, { Origin: "http://elsewhere.example" })).status, 403);
  assert.equal((await ask({ stream: "live/x", from: iso(now) }, { "X-Forwarded-For": "192.0.2.1" })).status, 401);
});
