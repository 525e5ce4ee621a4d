/** The example plug-in for WAV: what FFmpeg publishes without compression is, sample for sample, what FFmpeg plays. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import wav from "../../examples/plugins/wav.ts";
import { type ComposedServer, createServer } from "../../src/server/server.ts";
import { makeClip } from "../support/clip.ts";
import { run, start } from "../support/program.ts";

/** Noise, so that a sample belongs to one place only. */
const noise = ["-f", "lavfi", "-i", "anoisesrc=seed=7:amplitude=0.5:duration=2:sample_rate=44100"];

let server: ComposedServer;

beforeEach(async () => {
  server = createServer({ rtmp: { host: "127.0.0.1", port: 0 }, http: { host: "127.0.0.1", port: 0 }, auth: false, plugins: [wav] });
  await server.listen();
});
afterEach(() => server.close(500));

const rtmp = (name: string): string => `rtmp://127.0.0.1:${server.address("rtmp")!.port}/${name}`;
const http = (path: string): string => `http://127.0.0.1:${server.address("http")!.port}/${path}`;

describe("sound without compression as WAV", () => {
  for (const { codec, args } of [
    { codec: "pcm_alaw", args: ["-ar", "8000", "-ac", "1"] },
    { codec: "pcm_mulaw", args: ["-ar", "8000", "-ac", "2"] },
    { codec: "pcm_s16le", args: ["-ar", "44100", "-ac", "2"] },
    { codec: "pcm_u8", args: ["-ar", "11025", "-ac", "1"] },
  ]) {
    it(`${codec} ${args.join(" ")}`, async (t) => {
      const sound = [...noise, "-c:a", codec, ...args];
      const samples = ["-f", "s16le", "-c:a", "pcm_s16le", "-"];
      const raw = await run("ffmpeg", ["-v", "error", "-nostdin", ...sound, "-f", "wav", "-"]);
      const published = await run("ffmpeg", ["-v", "error", "-i", "-", ...samples], { input: raw.stdout });
      const playing = start("ffmpeg", ["-v", "error", "-nostdin", "-i", http("live/a.wav"), ...samples], { signal: t.signal });
      while (server.hub.waiting === 0) await new Promise(setImmediate);
      await run("ffmpeg", ["-v", "error", "-nostdin", "-re", ...sound, "-f", "flv", rtmp("live/a")]);
      const played = (await playing.succeeded()).stdout;
      assert.ok(played.length > published.stdout.length * 0.9, `${played.length} of ${published.stdout.length} bytes`);
      assert.ok(published.stdout.includes(played), "the samples are those that were published");
    });
  }

  it("of a stream with pictures: the sound", async (t) => {
    const clip = await makeClip({ audio: "pcm-alaw", seconds: 2 });
    const playing = start(
      "ffprobe",
      ["-v", "error", "-show_entries", "stream=codec_name,sample_rate", "-of", "csv=p=0", http("live/a.wav")],
      {
        signal: t.signal,
      },
    );
    while (server.hub.waiting === 0) await new Promise(setImmediate);
    await run("ffmpeg", ["-v", "error", "-nostdin", "-re", "-i", clip, "-c", "copy", "-f", "flv", rtmp("live/a")]);
    assert.equal((await playing.succeeded()).stdout.toString().trim(), "pcm_alaw,8000");
  });

  it("is listed like our own, refuses what it cannot carry in words, and is not offered over WebSocket", async (t) => {
    const publishing = start(
      "ffmpeg",
      ["-v", "error", "-nostdin", "-re", "-i", await makeClip(), "-c", "copy", "-f", "flv", rtmp("live/a")],
      {
        signal: t.signal,
      },
    );
    while (server.stream("live/a").state !== "live") await new Promise(setImmediate);
    const list = (await (await fetch(http("api/v1/streams"))).json()) as {
      server: { containers: { title: string }[] };
      streams: { containers: string[] }[];
    };
    assert.deepEqual(
      list.server.containers.find(({ title }) => title === "WAV"),
      {
        name: "wav",
        title: "WAV",
        extension: "wav",
        webSocket: false,
        players: { http: "browsers, VLC, FFmpeg", webSocket: "" },
      },
    );
    assert.ok(list.streams[0]?.containers.includes("flv"));
    assert.ok(!list.streams[0]!.containers.includes("wav"), "AAC is nothing for WAV");
    for (const method of ["GET", "HEAD"]) {
      const refused = await fetch(http("live/a.wav"), { method });
      assert.equal(refused.status, 415);
      if (method === "GET") assert.equal(await refused.text(), "WAV carries G.711 and PCM, not aac.\n");
    }
    assert.equal(await (await fetch(http("live/a.wav?only=video"))).text(), "WAV carries no video.\n");
    const socket = new WebSocket(http("live/a.wav").replace("http", "ws"));
    await new Promise((resolve) => socket.addEventListener("error", resolve));
    await publishing.stop();
  });
});
