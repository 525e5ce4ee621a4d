import assert from "node:assert/strict";
import { test } from "node:test";
import { joined } from "../../bytes/joined.ts";
import { Sap } from "../../media/frame.ts";
import type { MuxedChunk, MuxedInit, MuxerFactory } from "../../media/muxer.ts";
import { NotCarried } from "../../media/muxer.ts";
import type { Track, VideoTrack } from "../../media/track.ts";
import { mjpegMuxer, mpjpegMuxer } from "./motion-jpeg.ts";

const pictures: VideoTrack = {
  ...{ id: 1, kind: "video", codec: "mjpeg", config: new Uint8Array(0), timescale: 1000, isDefault: true, codecString: "" },
  ...{ width: 64, height: 48, frameRate: 25 },
};
const sound: Track = {
  ...{ id: 2, kind: "audio", codec: "mp3", config: new Uint8Array(0), timescale: 1000, isDefault: true, codecString: "mp3" },
  ...{ sampleRate: 44_100, channels: 2, samplesPerFrame: 1152 },
};

function mux(factory: MuxerFactory, generations: readonly (readonly Track[])[]): { inits: MuxedInit[]; chunks: MuxedChunk[] } {
  const [inits, chunks]: [MuxedInit[], MuxedChunk[]] = [[], []];
  const muxer = factory({ init: (init) => inits.push(init), chunk: (chunk) => chunks.push(chunk) });
  muxer.discontinuity({ reason: "start", utcOffset: 0 });
  let at = 0;
  for (const [i, tracks] of generations.entries()) {
    muxer.generation({ id: i + 1, tracks, metadata: {} });
    for (const track of tracks) {
      const data = Buffer.from(`${track.codec}${i}`);
      muxer.frame({ track: track.id, dts: (at += 40), pts: at, sap: Sap.closed, discardable: false, arrived: 0, data });
    }
  }
  muxer.flush();
  return { inits, chunks };
}

const text = ({ parts }: Pick<MuxedChunk, "parts">): string => Buffer.from(joined(parts)).toString();

test("bare: one picture after the other, and viewers go on whatever changes", () => {
  const { inits, chunks } = mux(mjpegMuxer(), [[pictures, sound], [{ ...pictures, width: 128 }]]);
  assert.deepEqual(inits, [{ bytes: new Uint8Array(0), change: new Uint8Array(0) }]);
  assert.deepEqual(chunks.map(text), ["mjpeg0", "mjpeg1"]);
  assert.ok(chunks.every(({ randomAccess, urgent }) => randomAccess && urgent));
  assert.deepEqual(
    chunks.map(({ dts }) => dts),
    [40_000, 120_000],
  );
});

test("multipart: every part has its length and is closed at once", () => {
  const { inits, chunks } = mux(mpjpegMuxer(), [[pictures], [{ ...pictures, width: 128 }]]);
  assert.deepEqual(
    inits.map(({ bytes }) => Buffer.from(bytes).toString()),
    ["--ffserver\r\n"],
  );
  const part = "Content-type: image/jpeg\r\nContent-length: 6\r\n\r\nmjpeg0\r\n--ffserver\r\n";
  assert.deepEqual(chunks.map(text), [part, part.replace("mjpeg0", "mjpeg1")]);
});

test("what is no Motion JPEG is refused in words", () => {
  const refused = (tracks: readonly Track[], words: RegExp): void =>
    assert.throws(
      () => mux(mpjpegMuxer(), [tracks]),
      (error: Error) => error instanceof NotCarried && words.test(error.message),
      `${words}`,
    );
  refused([sound], /the stream has no video/);
  refused([{ ...pictures, codec: "avc" }], /Motion JPEG has pictures of that codec only, not of H\.264/);
});
