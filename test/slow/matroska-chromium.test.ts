/** What Chromium's MediaRecorder records, read by our demuxer; and what our muxer writes, played by Chromium: by Media Source Extensions and as a file. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { joined } from "../../src/bytes/joined.ts";
import { MatroskaDemuxer } from "../../src/containers/matroska/demuxer.ts";
import type { DocType } from "../../src/containers/matroska/document.ts";
import { matroskaMuxer } from "../../src/containers/matroska/muxer.ts";
import type { SourceFrame } from "../../src/media/demuxer.ts";
import type { MuxedChunk } from "../../src/media/muxer.ts";
import type { Track, VideoTrack } from "../../src/media/track.ts";
import { launchChromium } from "../support/chromium.ts";
import type { ClipOptions } from "../support/clip.ts";
import { makeClip } from "../support/clip.ts";
import { run } from "../support/program.ts";
import { plainVideo, playsOn } from "../interop/browser.ts";

let browser: Browser;
let folder: string;
before(async () => {
  [browser, folder] = await Promise.all([launchChromium(), mkdtemp(join(tmpdir(), "millrace-recorder-"))]);
});
after(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

async function onPage<T>(use: (page: Page) => Promise<T>): Promise<T> {
  const page = await browser.newPage();
  try {
    return await use(page);
  } finally {
    await page.close();
  }
}

interface Demuxed {
  readonly tracks: Track[];
  readonly frames: SourceFrame[];
  readonly announced: { readonly video: boolean; readonly audio: boolean }[];
}

function demux(pieces: Iterable<Uint8Array>): Demuxed {
  const [tracks, frames, announced]: [Track[], SourceFrame[], Demuxed["announced"]] = [[], [], []];
  const demuxer = new MatroskaDemuxer({
    announce: (kinds) => announced.push(kinds),
    metadata: () => undefined,
    track: (track) => tracks.push(track),
    frame: (frame) => frames.push(frame),
  });
  for (const piece of pieces) demuxer.push(piece);
  demuxer.end();
  assert.equal(demuxer.dropped, 0);
  assert.deepEqual(demuxer.leftOut, []);
  return { tracks, frames, announced };
}

/** The newest description of each track. */
function current({ tracks }: Demuxed): Track[] {
  return [...new Map(tracks.map((track) => [track.id, track])).values()];
}

function mux(tracks: readonly Track[], frames: readonly SourceFrame[], docType: DocType): { init: Uint8Array; chunks: MuxedChunk[] } {
  let init = new Uint8Array();
  const chunks: MuxedChunk[] = [];
  const muxer = matroskaMuxer({ docType })({ init: ({ bytes }) => (init = new Uint8Array(bytes)), chunk: (chunk) => chunks.push(chunk) });
  muxer.discontinuity({ reason: "start", utcOffset: 0 });
  muxer.generation({ id: 1, tracks, metadata: {} });
  for (const frame of frames) muxer.frame({ ...frame, arrived: 0 });
  return { init, chunks };
}

const bytesOf = (chunks: readonly MuxedChunk[]): Uint8Array => joined(chunks.flatMap(({ parts }) => parts));

interface Recording {
  readonly type: string;
  /** What the recorder handed over, piece by piece. */
  readonly pieces: Uint8Array[];
}

/** Records a canvas and a tone for two seconds; halfway the canvas may change its size. */
async function record(page: Page, type: string, resized = false): Promise<Recording> {
  const { mimeType, pieces } = await page.evaluate<{ mimeType: string; pieces: string[] }>(`(async () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 });
    const context = canvas.getContext("2d", { alpha: false });
    let count = 0;
    const draw = () => {
      context.fillStyle = "hsl(" + (count * 7) % 360 + ", 80%, 50%)";
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.fillStyle = "white";
      context.fillRect((count++ * 5) % canvas.width, 40, 40, 60);
    };
    const timer = setInterval(draw, 33);
    const audio = new AudioContext();
    const tone = audio.createOscillator();
    const output = audio.createMediaStreamDestination();
    tone.connect(output);
    tone.start();
    const stream = canvas.captureStream(30);
    stream.addTrack(output.stream.getAudioTracks()[0]);
    const recorder = new MediaRecorder(stream, { mimeType: ${JSON.stringify(type)} });
    const blobs = [];
    recorder.ondataavailable = ({ data }) => blobs.push(data);
    const stopped = new Promise((resolve, reject) => Object.assign(recorder, { onstop: resolve, onerror: reject }));
    recorder.start(100);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    if (${resized}) Object.assign(canvas, { width: 480, height: 360 });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    recorder.stop();
    await stopped;
    clearInterval(timer);
    await audio.close();
    const text = async (blob) => {
      let all = "";
      for (const byte of new Uint8Array(await blob.arrayBuffer())) all += String.fromCharCode(byte);
      return btoa(all);
    };
    return { mimeType: recorder.mimeType, pieces: await Promise.all(blobs.map(text)) };
  })()`);
  return { type: mimeType, pieces: pieces.map((piece) => new Uint8Array(Buffer.from(piece, "base64"))) };
}

/** Times and hashes of decoded pictures. */
async function pictures(name: string, bytes: Uint8Array): Promise<string[]> {
  const file = join(folder, name);
  await writeFile(file, bytes);
  const { stdout } = await run("ffmpeg", [
    "-v",
    "error",
    "-nostdin",
    "-i",
    file,
    "-map",
    "0:v",
    "-fps_mode",
    "passthrough",
    "-f",
    "framemd5",
    "-",
  ]);
  return stdout
    .toString("utf8")
    .split("\n")
    .filter((line) => /^\d/.test(line))
    .map((line) => line.replaceAll(" ", "").split(",").toSpliced(3, 1).join(" "));
}

const recorded = [
  { type: "video/webm;codecs=vp8,opus", codec: "vp8", codecString: /^vp8$/, docType: "webm" },
  { type: "video/webm;codecs=vp9,opus", codec: "vp9", codecString: /^vp09\.00\.10\.08/, docType: "webm" },
  { type: "video/webm;codecs=av1,opus", codec: "av1", codecString: /^av01\.0\./, docType: "webm" },
  { type: "video/x-matroska;codecs=avc1,opus", codec: "avc", codecString: /^avc1\.42/, docType: "matroska" },
] as const;

describe("what MediaRecorder records", () => {
  for (const { type, codec, codecString, docType } of recorded) {
    it(`${type}: the pictures and their times are those that FFmpeg decodes from the recording`, async () => {
      const { pieces } = await onPage((page) => record(page, type));
      assert.ok(pieces.length > 5);
      const got = demux(pieces);
      const [video, audio] = [current(got).find(({ id }) => id === 1), current(got).find(({ id }) => id === 2)];
      assert.deepEqual([video?.codec, audio?.codec], [codec, "opus"]);
      assert.match(video!.codecString, codecString);
      assert.deepEqual([(video as VideoTrack).width, (video as VideoTrack).height], [320, 180]);
      const sounds = got.frames.filter(({ track }) => track === 2);
      const expected = await pictures("recording", joined(pieces));
      assert.ok(expected.length > 30 && sounds.length > 15, `${expected.length} pictures, ${sounds.length} sounds`);
      for (const id of [1, 2]) {
        const times = got.frames.filter(({ track }) => track === id).map(({ dts }) => dts);
        assert.ok(
          times.every((time, i) => i === 0 || time > times[i - 1]!),
          "decoding times rise",
        );
      }
      const { init, chunks } = mux(current(got), got.frames, docType);
      assert.deepEqual(await pictures("ours", joined([init, bytesOf(chunks)])), expected);
    });
  }

  it("a canvas that changes its size changes the track", async () => {
    for (const { type } of recorded) {
      const { pieces } = await onPage((page) => record(page, type, true));
      const sizes = demux(pieces).tracks.filter(({ id }) => id === 1) as VideoTrack[];
      assert.deepEqual(
        sizes.map(({ width, height }) => `${width}x${height}`),
        ["320x180", "480x360"],
        type,
      );
    }
  });

  it("recordings one after another are one stream of the same tracks, each with its own times", async () => {
    const [first, second] = await onPage(
      async (page) => [await record(page, recorded[0].type), await record(page, recorded[3].type)] as const,
    );
    const got = demux([...first.pieces, ...second.pieces]);
    assert.deepEqual(got.announced, [
      { video: true, audio: true },
      { video: true, audio: true },
    ]);
    assert.deepEqual(
      got.tracks.filter(({ id }) => id === 1).map(({ codec }) => codec),
      ["vp8", "avc"],
    );
    const times = got.frames.filter(({ track }) => track === 1).map(({ dts }) => dts);
    assert.equal(times.filter((time, i) => i > 0 && time < times[i - 1]! - 1000).length, 1, "time begins again once");
  });
});

async function demuxedClip(options: ClipOptions): Promise<Demuxed> {
  return demux([await readFile(await makeClip({ seconds: 6, ...options }))]);
}

/** Appends to a SourceBuffer in pieces, as they would come from the network, and plays. */
async function playAppended(type: string, pieces: readonly Uint8Array[], picture: string): Promise<void> {
  await onPage(async (page) => {
    await page.setContent("<video muted controls></video>");
    await page.evaluate(
      `window.failed = (async () => {
        const source = new MediaSource();
        const video = document.querySelector("video");
        video.src = URL.createObjectURL(source);
        await new Promise((resolve) => source.addEventListener("sourceopen", resolve, { once: true }));
        const buffer = source.addSourceBuffer(${JSON.stringify(type)});
        for (const piece of ${JSON.stringify(pieces.map((piece) => Buffer.from(piece).toString("base64")))}) {
          buffer.appendBuffer(Uint8Array.from(atob(piece), (character) => character.charCodeAt(0)));
          await new Promise((resolve, reject) => {
            buffer.addEventListener("updateend", resolve, { once: true });
            buffer.addEventListener("error", () => reject(new Error("append failed: " + video.error?.message)), { once: true });
          });
          if (buffer.buffered.length > 0 && video.currentTime === 0) video.currentTime = buffer.buffered.start(0);
        }
        await video.play();
        return buffer.buffered.length;
      })();`,
    );
    assert.equal(await page.evaluate("window.failed"), 1, "one range without a hole");
    await playsOn(page, plainVideo, picture);
  });
}

const inWebm = [
  { name: "VP9 and Opus", clip: { video: "vp9", audio: "opus", container: "webm" }, codecs: "vp09.00.10.08,opus" },
  { name: "VP8 and Opus", clip: { video: "vp8", audio: "opus", container: "webm" }, codecs: "vp8,opus" },
  { name: "AV1 and Opus", clip: { video: "av1", audio: "opus", container: "webm" }, codecs: "av01.0.00M.08,opus" },
] as const;

describe("WebM as we write it plays by Media Source Extensions", () => {
  for (const { name, clip, codecs } of inWebm) {
    it(`${name}, joined at the second key frame, a chunk at a time`, async () => {
      const got = await demuxedClip(clip);
      const { init, chunks } = mux(current(got), got.frames, "webm");
      const starts = chunks.flatMap(({ randomAccess }, i) => (randomAccess ? [i] : []));
      const pieces = chunks.slice(starts[1]).map((chunk) => bytesOf([chunk]));
      await playAppended(`video/webm; codecs="${codecs}"`, [init, ...pieces], `webm-${clip.video}`);
    });
  }

  it("sound that comes a tenth of a second behind the picture", async () => {
    const got = await demuxedClip(inWebm[0].clip);
    const due = ({ track, dts }: SourceFrame): number => dts + (track === 2 ? 100 : 0);
    const late = got.frames.toSorted((a, b) => due(a) - due(b));
    const { init, chunks } = mux(current(got), late, "webm");
    await playAppended(`video/webm; codecs="${inWebm[0].codecs}"`, [init, bytesOf(chunks)], "webm-late-sound");
  });

  it("times of 1/90000 s", async () => {
    const got = await demuxedClip(inWebm[0].clip);
    const tracks = current(got).map((track) => ({ ...track, timescale: 90_000 }));
    const frames = got.frames.map((frame) => ({ ...frame, dts: frame.dts * 90, pts: frame.pts * 90 }));
    const { init, chunks } = mux(tracks, frames, "webm");
    await playAppended(`video/webm; codecs="${inWebm[0].codecs}"`, [init, bytesOf(chunks)], "webm-fine");
  });
});

describe("Matroska as we write it plays as a file", () => {
  it("H.264 and AAC", async () => {
    const got = await demuxedClip({ container: "mkv" });
    const { init, chunks } = mux(current(got), got.frames, "matroska");
    await onPage(async (page) => {
      await page.setContent("<video muted controls></video>");
      await page.evaluate(`(async () => {
        const bytes = Uint8Array.from(atob("${Buffer.from(joined([init, bytesOf(chunks)])).toString("base64")}"), (character) => character.charCodeAt(0));
        const video = document.querySelector("video");
        video.src = URL.createObjectURL(new Blob([bytes], { type: "video/x-matroska" }));
        await video.play();
      })()`);
      await playsOn(page, plainVideo, "matroska-file");
    });
  });
});
