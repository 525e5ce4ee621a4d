/** Recordings over the HTTP API and by programs: begun, listed, ended; for the operator only. */
import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { StreamRecording } from "../src/index.ts";
import { type ComposedServer, createServer } from "../src/server/server.ts";
import { makeClip } from "./support/clip.ts";
import { streamHash } from "./support/packets.ts";

const key = "0123456789abcdef0123456789abcdef";
let folder: string;
let server: ComposedServer;
let api: string;
let clip: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-api-"));
  clip = await makeClip();
  const http = { host: "127.0.0.1", port: 0, allowedOrigins: ["*"] };
  server = createServer({ rtmp: { enabled: false }, http, publishKey: key, recording: { folder, template: "{stream}-{n}.{ext}" } });
  await server.listen();
  api = `http://127.0.0.1:${server.address("http")!.port}/api/v1/recordings`;
});

after(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const json = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  headers: { "Content-Type": "application/json", ...headers },
  body: typeof body === "string" ? body : JSON.stringify(body),
});

interface Told {
  readonly id: string;
  readonly state: string;
  readonly by: string;
  readonly files: number;
  readonly size: number;
  readonly lost: number;
  readonly error: string | null;
}

interface ToldFile {
  readonly path: string;
  readonly format: string;
  readonly state: string;
  readonly duration: number;
  readonly tracks: readonly unknown[];
  readonly gaps: readonly unknown[];
}

/** All that any answer may have. */
type Answer = Omit<Told, "files" | "error"> & {
  readonly files: readonly ToldFile[];
  readonly recording: Told;
  readonly recordings: readonly Told[];
  readonly error: { readonly code: string; readonly message: string };
};

async function ask(path = "", init: RequestInit = {}): Promise<{ status: number; body: Answer; headers: Headers }> {
  const response = await fetch(`${api}${path}`, init);
  return { status: response.status, body: (await response.json()) as Answer, headers: response.headers };
}

test("a recording is begun before its stream is there, told while it runs, and has what was published", async () => {
  const begun = await ask("", json({ stream: "live/cam", format: "flv" }));
  assert.equal(begun.status, 201);
  assert.equal(begun.body.state, "waiting");
  assert.equal(begun.body.by, "api");
  await server.publish("live/cam", createReadStream(clip), { format: "flv" });
  await server.stream("live/cam").record().stop();
  const { id } = begun.body;
  for (;;) if ((await ask(`/${id}`)).body.recording.state === "ended") break;
  const { body } = await ask(`/${id}`);
  assert.deepEqual([body.recording.files, body.recording.lost, body.recording.error], [1, 0, null]);
  const file = body.files[0]!;
  assert.deepEqual([file.path, file.format, file.state, file.tracks.length, file.gaps], ["live/cam-1.flv", "flv", "complete", 2, []]);
  assert.ok(Math.abs(file.duration - 3) < 0.2);
  assert.equal(body.recording.size, (await stat(join(folder, file.path))).size);
  assert.deepEqual(await streamHash(join(folder, file.path)), await streamHash(clip));
  const { body: list } = await ask("?stream=live/cam&limit=5");
  assert.ok(list.recordings.some((each) => each.id === id));
});

test("a recording of a live stream begins at its newest key frame and ends when it is told to", async () => {
  const stop = new AbortController();
  const input = createReadStream(await makeClip({ seconds: 20 }));
  const publishing = server.publish("live/loop", input, { format: "flv", pace: "realtime", signal: stop.signal });
  const events: string[] = [];
  const signal = AbortSignal.timeout(20_000);
  server.on("recording", ({ recording }) => events.push(`begins ${recording.stream}`), { signal });
  server.on("recorded", ({ file }) => events.push(`file ${file.path}`), { signal });
  server.on("recordingEnded", ({ recording }) => events.push(`ends ${recording.state}`), { signal });
  await server.stream("live/loop").frames().next();
  const { body: begun } = await ask("", json({ stream: "live/loop" }));
  const frames = server.stream("live/loop").frames({ from: "next" });
  await frames.next();
  await frames.next();
  const { status, body } = await ask(`/${begun.id}`, { method: "DELETE" });
  assert.deepEqual([status, body.state, Number(body.files)], [200, "ended", 1]);
  assert.equal((await ask(`/${begun.id}`, { method: "DELETE" })).status, 404);
  assert.deepEqual(events, ["begins live/loop", "file live/loop-1.mp4", "ends ended"]);
  assert.equal(server.stream("live/loop").state, "live");
  stop.abort();
  await assert.rejects(publishing);
});

test("programs record too, also from what happens", async () => {
  const recordings: StreamRecording[] = [];
  const off = server.on("live", ({ stream }) => recordings.push(stream.record({ format: "mpegts", cutTime: "1s" })));
  await server.publish("live/prog", createReadStream(clip), { format: "flv", pace: "realtime" });
  off();
  const [recording] = recordings;
  await recording!.done;
  assert.deepEqual([recording!.state, recording!.by, recording!.files.length, recording!.lost], ["ended", "program", 3, 0]);
  assert.throws(() => server.stream("live/x").record({ cutTime: "x" as never }), /cutTime: "x" is not a duration/);
  assert.throws(() => server.stream("live/x").record({ template: "../{n}.{ext}" }), TypeError);
  assert.throws(() => server.stream("live/x").record({ from: "then" as never }), TypeError);
});

test("what is wrong is told in words", async () => {
  for (const [body, told] of [
    ["{", /JSON/],
    [{}, /stream/],
    [{ stream: "live/x", format: "avi" }, /format/],
    [{ stream: "live/x", template: "/etc/{n}.{ext}" }, /must be relative/],
    [{ stream: "live/x", formt: "mp4" }, /formt/],
    [{ stream: "../x" }, /stream name/],
  ] as const) {
    const { status, body: answer } = await ask("", json(body));
    assert.equal(status, 400, JSON.stringify(body));
    assert.match(answer.error.message, told);
  }
  assert.equal((await ask("/none")).status, 404);
  assert.equal((await ask("", json({ stream: "x".repeat(20_000) }))).status, 413);
  assert.equal((await ask("", { method: "POST", headers: { "Content-Type": "text/plain" }, body: '{"stream":"live/x"}' })).status, 400);
  assert.equal((await ask("?limit=100000")).status, 400);
});

test("others than the operator are told nothing and do nothing", async () => {
  const count = (await ask()).body.recordings.length;
  const from = (headers: Record<string, string>, method: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const body = method === "POST" ? '{"stream":"live/x"}' : "";
      const sent = request(api, { method, headers: { "Content-Type": "application/json", "Content-Length": body.length, ...headers } });
      sent.once("response", (response) => (response.resume(), resolve(response.statusCode))).once("error", reject);
      sent.end(body);
    });
  for (const method of ["GET", "POST", "DELETE"]) {
    assert.equal(await from({ Host: "live.example.org" }, method), 401);
    assert.equal(await from({ "X-Forwarded-For": "192.0.2.1" }, method), 401);
    assert.equal(await from({ Origin: "https://evil.example" }, method), 403);
  }
  assert.equal(await from({ Host: "live.example.org", Authorization: `Bearer ${key}` }, "GET"), 200);
  assert.equal((await ask()).body.recordings.length, count);
  const { headers } = await ask("", { headers: { Origin: "https://evil.example" } });
  assert.equal(headers.get("access-control-allow-origin"), null);
});

test("the description of the API has it", async () => {
  const { paths } = (await (await fetch(api.replace("recordings", "openapi.json"))).json()) as { paths: Record<string, object> };
  assert.deepEqual(Object.keys(paths["/api/v1/recordings"]!), ["get", "post"]);
  assert.deepEqual(Object.keys(paths["/api/v1/recordings/{id}"]!), ["get", "delete"]);
});
