/** What may go wrong with what a program publishes: each time it learns why, the input is closed and the stream is told. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { PassThrough, Readable } from "node:stream";
import { before, test } from "node:test";
import type { FramePublisher, MediaInput, PublishOptions } from "../src/index.ts";
import { type ComposedServer, createServer } from "../src/server/server.ts";
import { makeClip } from "./support/clip.ts";
import { audioTrack, video, videoTrack } from "./support/hub-fixtures.ts";
import { run } from "./support/program.ts";
import { Tone, toneTrack } from "./support/tone.ts";

let flv: Buffer;

before(async () => {
  flv = await readFile(await makeClip({ seconds: 1 }));
});

function silent(): ComposedServer {
  return createServer({ rtmp: { enabled: false }, http: { enabled: false } });
}

const options: PublishOptions = { format: "flv" };

/** An input that a test writes to. */
function pipe(...pieces: readonly Uint8Array[]): PassThrough {
  const input = new PassThrough();
  for (const piece of pieces) input.write(piece);
  return input;
}

async function isLive(server: ComposedServer): Promise<void> {
  while (server.stream("live/a").state !== "live") await new Promise(setImmediate);
}

/** How the next publisher that leaves did. */
function leaving(server: ComposedServer): Promise<string> {
  return new Promise((resolve) => server.on("lost", ({ reason }) => resolve(reason)));
}

test("input of every form, in pieces cut anywhere, is the same stream", async () => {
  const pieces = Array.from({ length: Math.ceil(flv.length / 1000) }, (_, i) => new Uint8Array(flv.subarray(i * 1000, (i + 1) * 1000)));
  const inputs: (() => MediaInput)[] = [
    () => Readable.from(pieces),
    () => ReadableStream.from(pieces),
    () =>
      (async function* () {
        for (const piece of pieces) yield await Promise.resolve(piece);
      })(),
    () => new Response(new Uint8Array(flv)).body!,
  ];
  const counts = new Set<number>();
  for (const input of inputs) {
    await using server = silent();
    const reading = server.stream("live/a").frames({ from: "oldest" });
    const first = reading.next();
    await server.publish("live/a", input(), options);
    let count = 0;
    for (let { done } = await first; done !== true; { done } = await reading.next()) count += 1;
    counts.add(count);
  }
  assert.equal(counts.size, 1);
  assert.ok([...counts][0]! > 60);
});

test("bytes of another format, and an end within something, are told with their code", async () => {
  await using server = silent();
  const reasons: string[] = [];
  server.on("lost", ({ reason }) => reasons.push(reason));
  const input = pipe(Buffer.from("<html>no video here</html>"));
  await assert.rejects(server.publish("live/a", input, options), { name: "ProtocolError", code: "malformed" });
  assert.equal(input.destroyed, true);
  await assert.rejects(server.publish("live/a", Readable.from([flv.subarray(0, -7)]), options), {
    name: "ProtocolError",
    code: "truncated",
  });
  await assert.rejects(server.publish("live/a", Readable.from([]), options), { name: "ProtocolError", code: "truncated" });
  await assert.rejects(server.publish("live/a", Readable.from([flv]), { format: "mp4" }), { name: "ProtocolError" });
  assert.deepEqual(reasons, ["refused", "lost", "lost", "refused"]);
});

test("without a format the first bytes tell what it is; a format that there is not is a mistake", async () => {
  const mp4 = await run("ffmpeg", ["-v", "error", "-i", "-", "-c", "copy", "-movflags", "empty_moov+default_base_moof", "-f", "mp4", "-"], {
    input: flv,
  });
  for (const input of [flv, mp4.stdout]) {
    await using server = silent();
    const reading = server.stream("live/a").frames({ from: "oldest" });
    const first = reading.next();
    await server.publish("live/a", Readable.from([input]));
    assert.equal((await first).value?.track.codec, "avc");
  }
  await using server = silent();
  await assert.rejects(server.publish("live/a", Readable.from([Buffer.from("<html>")])), { name: "ProtocolError", code: "unsupported" });
  await assert.rejects(server.publish("live/a", Readable.from([flv]), { format: "avi" }), /format is one of flv, mp4/);
});

test("an input that fails: its own error, and viewers wait for a publisher to come back", async () => {
  await using server = silent();
  const left = leaving(server);
  const input = pipe(flv.subarray(0, 20_000));
  const publishing = server.publish("live/a", input, options);
  await isLive(server);
  input.destroy(new Error("the disk is gone"));
  await assert.rejects(publishing, /the disk is gone/);
  assert.equal(await left, "lost");
  assert.equal(server.stream("live/a").state, "reconnecting");
});

test("the signal ends it at once, also while the input is silent or a frame is waited for, and closes the input", async () => {
  for (const pace of ["asSent", "realtime"] as const) {
    await using server = silent();
    const abort = new AbortController();
    const left = leaving(server);
    const input = pipe(flv);
    const publishing = server.publish("live/a", input, { ...options, pace, signal: abort.signal });
    await isLive(server);
    abort.abort(new Error("that will do"));
    await assert.rejects(publishing, /that will do/);
    assert.equal(await left, "unpublished");
    assert.equal(server.stream("live/a").state, "offline");
    assert.equal(input.destroyed, true);
  }
  await using server = silent();
  const untouched = pipe();
  await assert.rejects(server.publish("live/a", untouched, { ...options, signal: AbortSignal.abort(new Error("before")) }), /before/);
  assert.equal(untouched.destroyed, true);
});

test("a web stream that is silent is cancelled too", async () => {
  await using server = silent();
  const abort = new AbortController();
  let cancelled: unknown;
  const input = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(flv)),
    cancel: (reason) => void (cancelled = reason),
  });
  const publishing = server.publish("live/a", input, { ...options, signal: abort.signal });
  await isLive(server);
  abort.abort(new Error("enough"));
  await assert.rejects(publishing, /enough/);
  assert.match(String(cancelled), /enough/);
});

test("a name that is taken, a take-over, the closing of the server: refused in words, the input closed", async () => {
  const server = createServer({ rtmp: { enabled: false }, http: { enabled: false }, streams: { secondPublisher: "takeover" } });
  const inputs = [pipe(flv), pipe(flv), pipe(flv)] as const;
  const first = server.publish("live/a", inputs[0], options);
  await isLive(server);
  const second = server.publish("live/a", inputs[1], options);
  await assert.rejects(first, { name: "Refusal", code: "busy", message: /taken over "live\/a"/ });
  await isLive(server);
  void server.close();
  await assert.rejects(second, { name: "Refusal", code: "closing" });
  await assert.rejects(server.publish("live/a", inputs[2], options), { name: "Refusal", code: "closing" });
  for (const input of inputs) assert.equal(input.destroyed, true);

  await using other = silent();
  new Tone(other.hub, "live/a");
  await assert.rejects(other.publish("live/a", pipe(flv), options), { name: "Refusal", code: "busy" });
  const misnamed = pipe(flv);
  await assert.rejects(other.publish("api/a", misnamed, options), { name: "Refusal", code: "name-refused" });
  assert.equal(misnamed.destroyed, true);
});

test("what is no input, no format or no bytes is a TypeError", async () => {
  await using server = silent();
  const wrong = (input: unknown, how: unknown = options): Promise<void> =>
    server.publish("live/a", input as MediaInput, how as PublishOptions);
  await assert.rejects(wrong("clip.flv"), TypeError);
  await assert.rejects(wrong({}), TypeError);
  await assert.rejects(wrong(pipe(), { format: "avi" }), /format is one of flv, mp4/);
  await assert.rejects(wrong(pipe(), { format: "flv", pace: "fast" }), TypeError);
  await assert.rejects(wrong(pipe(flv).setEncoding("latin1")), /a string: set no encoding/);
  assert.equal(server.streams().filter(({ state }) => state === "live").length, 0);
});

function publishFrames(server: ComposedServer): FramePublisher {
  return server.publishFrames("live/a", { tracks: [videoTrack, audioTrack], metadata: { title: "mine" } });
}

test("frames of a program's own: viewers can come at once, times begin near 0 and the payload is not copied", async () => {
  await using server = silent();
  using publisher = publishFrames(server);
  const stream = server.stream("live/a");
  assert.deepEqual([stream.state, stream.tracks, stream.metadata], ["live", [videoTrack, audioTrack], { title: "mine" }]);
  const frame = video(3_600_000, true);
  publisher.write({ track: 1, dts: 3_600_000, sap: 1, data: frame.data });
  publisher.write({ track: 2, dts: 3_600_010, data: new Uint8Array([1]) });
  const frames = stream.frames();
  const [key, sound] = [(await frames.next()).value!, (await frames.next()).value!];
  assert.equal(key.data, frame.data);
  assert.deepEqual([key.dts, key.pts, sound.dts, sound.sap], [1000, 1000, 1010, 1]);
  assert.ok(Math.abs(key.utcOffset + key.dts - Date.now()) < 1000);
});

test("a frame that brings a changed track is a new generation; a data track alone is a stream too", async () => {
  await using server = silent();
  using publisher = publishFrames(server);
  publisher.write({ track: videoTrack, dts: 0, sap: 1, data: new Uint8Array(8) });
  const changed = { ...videoTrack, config: Uint8Array.of(7) };
  publisher.write({ track: changed, dts: 40, sap: 1, data: new Uint8Array(8) });
  assert.deepEqual(server.stream("live/a").tracks, [changed, audioTrack]);
  const { language: _language, ...base } = { ...toneTrack, language: "" };
  const data = { id: 9, kind: "data", codec: "amf0", timescale: 1000, isDefault: true, codecString: "", config: base.config } as const;
  using other = server.publishFrames("live/data", { tracks: [data] });
  assert.equal(server.stream("live/data").state, "live");
  other.write({ track: 9, dts: 0, data: new Uint8Array(1) });
  assert.equal((await server.stream("live/data").frames().next()).value?.track, data);
});

test("mistakes of the program are told where they are made, and the end of it all", async () => {
  const server = silent();
  const publisher = publishFrames(server);
  const data = new Uint8Array(1);
  assert.throws(() => publishFrames(server), { code: "busy" });
  assert.throws(() => server.publishFrames("live/b", { tracks: [] }), TypeError);
  assert.throws(() => server.publishFrames("live/b", { tracks: [videoTrack, videoTrack] }), TypeError);
  assert.throws(() => server.publishFrames("live/b", { tracks: [{ ...videoTrack, timescale: 0 }] }), TypeError);
  assert.throws(() => publisher.write({ track: 3, dts: 0, data }), /no track 3/);
  assert.throws(() => publisher.write({ track: 1, dts: 0.5, data }), TypeError);
  assert.throws(() => publisher.write({ track: 1, dts: 0, data: new Uint8Array(0) }), TypeError);
  publisher.close();
  publisher.close();
  assert.equal(publisher.signal.aborted, true);
  assert.throws(() => publisher.write({ track: 1, dts: 0, data }), /after close/);
  const last = publishFrames(server);
  await server.close();
  assert.throws(() => last.write({ track: 1, dts: 0, data }), { name: "Refusal", code: "closing" });
});
