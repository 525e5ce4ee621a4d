import assert from "node:assert/strict";
import { test } from "node:test";
import { joined } from "../bytes/joined.ts";
import { Sap } from "../media/frame.ts";
import type { MuxedChunk, MuxedInit, MuxerFactory } from "../media/muxer.ts";
import { NotCarried } from "../media/muxer.ts";
import type { AudioTrack, Track } from "../media/track.ts";
import { adtsMuxer } from "./adts/muxer.ts";
import { mp3Muxer } from "./mp3/muxer.ts";
import { wavMuxer } from "./wav/muxer.ts";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
const text = (data: Uint8Array): string => Buffer.from(data).toString("hex");

const aac: AudioTrack = {
  ...{ kind: "audio", id: 2, codec: "aac", config: hex("1190"), codecString: "mp4a.40.2", timescale: 1000, isDefault: true },
  ...{ sampleRate: 48_000, channels: 2, samplesPerFrame: 1024 },
};
const mp3: AudioTrack = { ...aac, codec: "mp3", config: hex(""), codecString: "mp3" };
const pcm: AudioTrack = { ...aac, codec: "pcm-le", config: hex(""), codecString: "", sampleRate: 44_100, samplesPerFrame: 0 };
const alaw: AudioTrack = { ...pcm, codec: "pcm-alaw", sampleRate: 8000, channels: 1 };

/** A muxer told one generation after the other, each with frames. */
function mux(
  factory: MuxerFactory,
  ...generations: readonly (readonly [tracks: readonly Track[], frames: readonly string[]])[]
): { inits: MuxedInit[]; chunks: MuxedChunk[] } {
  const [inits, chunks]: [MuxedInit[], MuxedChunk[]] = [[], []];
  const muxer = factory({ init: (init) => inits.push(init), chunk: (chunk) => chunks.push(chunk) });
  muxer.discontinuity({ reason: "start", utcOffset: 0 });
  let at = 0;
  for (const [i, [tracks, frames]] of generations.entries()) {
    muxer.generation({ id: i + 1, tracks, metadata: {} });
    for (const data of frames)
      muxer.frame({ track: 2, dts: (at += 20), pts: at, sap: Sap.closed, discardable: false, arrived: 0, data: hex(data) });
  }
  muxer.flush();
  return { inits, chunks };
}

const bytes = ({ chunks }: { readonly chunks: readonly MuxedChunk[] }): string[] => chunks.map(({ parts }) => text(joined(parts)));
const refused = (factory: MuxerFactory, tracks: readonly Track[], words: RegExp): void =>
  assert.throws(
    () => mux(factory, [tracks, []]),
    (error: Error) => error instanceof NotCarried && words.test(error.message),
    `${words}`,
  );

test("ADTS: a header before each frame, and viewers go on when the track changes", () => {
  const made = mux(adtsMuxer(), [[aac], ["2101", ""]], [[{ ...aac, config: hex("1210"), sampleRate: 44_100 }], ["21", "21".repeat(8185)]]);
  assert.deepEqual(made.inits, [{ bytes: hex("") }]);
  assert.deepEqual(bytes(made), ["fff14c80013ffc2101", "fff15080011ffc21"], "and frames that are too long for it are left out");
  assert.ok(made.chunks.every(({ randomAccess, urgent }) => randomAccess && !urgent));
  refused(adtsMuxer(), [mp3], /ADTS carries AAC, not MP3/);
  refused(adtsMuxer(), [{ ...aac, config: hex("f8e85000"), codecString: "mp4a.40.39" }], /ADTS has no words for its AAC \(mp4a\.40\.39\)/);
  refused(adtsMuxer(), [{ ...aac, config: hex("") }], /the decoder configuration of its AAC is damaged/);
  refused(adtsMuxer(), [], /the stream has no audio/);
});

test("MP3: the frames, and no more; another codec ends the response", () => {
  const made = mux(
    mp3Muxer(),
    [[mp3], ["fffb01", "fffb02"]],
    [[{ ...mp3, sampleRate: 44_100 }], ["fffb03"]],
    [[{ ...mp3, codec: "mp2" }], ["fffd04"]],
  );
  assert.deepEqual(bytes(made), ["fffb01", "fffb02", "fffb03", "fffd04"]);
  assert.deepEqual(made.inits, [{ bytes: hex("") }, { bytes: hex("") }]);
  refused(mp3Muxer(), [aac], /an MP3 stream carries MP3 and MP2, not AAC/);
});

test("WAV: an endless file of whole samples, which ends where its header would have to change", () => {
  const made = mux(wavMuxer(), [[pcm], ["0102030405060708", "01020304ffff", "0102"]], [[{ ...pcm }], ["0a0b0c0d"]], [[alaw], ["d5"]]);
  assert.deepEqual(
    made.inits.map(({ bytes: header, change }) => [text(header), change]),
    [
      [
        "52494646ffffffff57415645666d7420 12000000 0100 0200 44ac0000 10b10200 0400 1000 0000 64617461ffffffff".replaceAll(" ", ""),
        undefined,
      ],
      [
        "52494646ffffffff57415645666d7420 12000000 0600 0100 401f0000 401f0000 0100 0800 0000 64617461ffffffff".replaceAll(" ", ""),
        undefined,
      ],
    ],
  );
  assert.deepEqual(bytes(made), ["0102030405060708", "01020304", "0a0b0c0d", "d5"]);
  refused(wavMuxer(), [aac], /WAV carries uncompressed PCM and G\.711 here, not AAC/);
  refused(wavMuxer(), [{ ...pcm, sampleRate: 0 }], /nothing says the sampling rate/);
});

test("8-bit samples of FLV are written as such", () => {
  const [init] = mux(wavMuxer(), [[{ ...pcm, channels: 1, sampleRate: 11_025, flvHeader: 0x34 }], []]).inits;
  assert.equal(text(init!.bytes.subarray(20, 38)), "01000100112b0000112b0000010008000000");
});

test("of several tracks the default one that can be carried", () => {
  const made = mux(mp3Muxer(), [[aac, { ...mp3, id: 5, isDefault: false }, { ...mp3, id: 2 }], ["fffb01"]]);
  assert.deepEqual(bytes(made), ["fffb01"]);
});
