import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeAmf0All } from "../../containers/flv/amf0.ts";
import type { Frame } from "../../media/frame.ts";
import { NotCarried, type MuxedChunk, type MuxedInit, type Muxer } from "../../media/muxer.ts";
import type { AudioTrack, Generation, Track, VideoTrack } from "../../media/track.ts";
import { ChunkReader } from "./chunk-reader.ts";
import { joined } from "../../bytes/joined.ts";
import { setChunkSize } from "./control.ts";
import { MessageType, sentChunkSize, type Message } from "./message.ts";
import { rtmpContainer, rtmpMuxer, type RtmpVariant } from "./muxer.ts";

const variant: RtmpVariant = { messageStreamId: 1, signalling: "enhanced", data: "amf0", audio: true, video: true };
const video: VideoTrack = {
  id: 1,
  kind: "video",
  codec: "avc",
  config: Uint8Array.of(1, 100, 0, 31, 255),
  timescale: 1000,
  isDefault: true,
  codecString: "avc1.64001f",
  width: 640,
  height: 360,
  frameRate: 25,
};
const audio: AudioTrack = {
  id: 2,
  kind: "audio",
  codec: "aac",
  config: Uint8Array.of(0x11, 0x90),
  timescale: 1000,
  isDefault: true,
  codecString: "mp4a.40.2",
  sampleRate: 48000,
  channels: 2,
  samplesPerFrame: 1024,
};
const data: Track = {
  id: 3,
  kind: "data",
  codec: "amf0",
  config: new Uint8Array(0),
  timescale: 1000,
  isDefault: true,
  codecString: "",
};

const generation = (tracks: readonly Track[], id = 1, metadata = {}): Generation => ({ id, tracks, metadata });
const frame = (track: number, dts: number, sap: Frame["sap"], length = 3, pts = dts): Frame => {
  const bytes = Uint8Array.from({ length }, (_, i) => (i + dts) & 0xff);
  return { track, dts, pts, sap, discardable: false, arrived: 0, data: bytes };
};

interface Made {
  readonly muxer: Muxer;
  readonly inits: MuxedInit[];
  readonly chunks: MuxedChunk[];
}

function make(options: Partial<RtmpVariant> = {}, tracks: readonly Track[] = [video, audio, data]): Made {
  const inits: MuxedInit[] = [];
  const chunks: MuxedChunk[] = [];
  const muxer = rtmpMuxer({ ...variant, ...options })({ init: (init) => inits.push(init), chunk: (chunk) => chunks.push(chunk) });
  muxer.discontinuity({ reason: "start", utcOffset: 0 });
  muxer.generation(generation(tracks));
  return { muxer, inits, chunks };
}

/** What a player reads that was told our chunk size. */
function read(...pieces: readonly Uint8Array[]): Message[] {
  const messages: Message[] = [];
  const budget = { messageBytes: 0xffffff, partialBytes: 1 << 25, partialMessages: 8, chunkStreams: 8 };
  const reader = new ChunkReader(budget, (message) => messages.push(message));
  reader.push(setChunkSize(sentChunkSize));
  for (const piece of pieces) reader.push(piece);
  return messages;
}
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("RTMP muxer", () => {
  it("starts with sample access, metadata and both sequence headers, these stamped as the first frame", () => {
    const { muxer, inits, chunks } = make();
    assert.equal(inits.length, 0);
    muxer.frame(frame(1, 500, 1));
    const messages = read(inits[0]!.bytes, joined(chunks[0]!.parts));
    assert.deepEqual(
      messages.map((m) => [m.type, m.timestamp, m.streamId]),
      [
        [MessageType.dataAmf0, 0, 1],
        [MessageType.dataAmf0, 0, 1],
        [MessageType.video, 500, 1],
        [MessageType.audio, 500, 1],
        [MessageType.video, 500, 1],
      ],
    );
    assert.deepEqual(decodeAmf0All(messages[0]!.body), ["|RtmpSampleAccess", true, true]);
    assert.equal(decodeAmf0All(messages[1]!.body)[0], "onMetaData");
    assert.equal(hex(messages[2]!.body), "17000000000164001fff");
    assert.equal(hex(messages[3]!.body), "af001190");
    assert.equal(hex(messages[4]!.body).slice(0, 10), "1701000000");
  });

  it("writes composition times, and marks where viewers may start and what may wait", () => {
    const { muxer, chunks } = make();
    muxer.frame(frame(1, 0, 1, 3, 80));
    muxer.frame(frame(2, 5, 1));
    muxer.frame(frame(1, 40, 0, 3, 20));
    muxer.frame({ ...frame(3, 41, 1), data: Uint8Array.of(5) });
    muxer.frame(frame(1, 80, 4));
    const bodies = read(...chunks.flatMap((chunk) => chunk.parts)).map((m) => hex(m.body).slice(0, 10));
    assert.deepEqual(bodies.slice(0, 4), ["1701000050", "af01050607", "2701ffffec", "05"]);
    assert.deepEqual(
      chunks.map((chunk) => [chunk.randomAccess, chunk.urgent, chunk.dts]),
      [
        [true, true, 0],
        [false, false, 5000],
        [false, true, 40_000],
        [false, false, 41_000],
        [true, true, 80_000],
      ],
    );
  });

  it("cuts long frames into chunks and repeats an extended timestamp on each, payload unchanged", () => {
    const { muxer, chunks } = make();
    const long = frame(1, 0x1000001, 1, 200_000);
    muxer.frame(long);
    const [message] = read(...chunks[0]!.parts);
    assert.equal(message!.timestamp, 0x1000001);
    assert.equal(Buffer.compare(message!.body.subarray(5), long.data), 0);
    const overhead = joined(chunks[0]!.parts).length - message!.body.length;
    assert.equal(overhead, 12 + 4 + 3 * (1 + 4));
  });

  it("sends all headers anew where one changed, and nothing where nothing did", () => {
    const { muxer, inits } = make();
    muxer.frame(frame(1, 0, 1));
    muxer.generation(generation([video, audio, data], 2));
    muxer.frame(frame(1, 40, 0));
    assert.equal(inits.length, 1);
    muxer.generation(generation([video, audio, data], 3, { title: "late" }));
    muxer.frame(frame(1, 80, 0));
    assert.deepEqual(
      read(inits[1]!.change!).map((m) => m.type),
      [MessageType.dataAmf0, MessageType.video, MessageType.audio],
    );
    const other = { ...video, config: Uint8Array.of(1, 77, 0, 30, 255), width: 320 };
    muxer.generation(generation([other, audio, data], 4, { title: "late" }));
    muxer.frame(frame(1, 120, 1));
    assert.deepEqual(
      read(inits[2]!.change!).map((m) => [m.type, m.timestamp]),
      [
        [MessageType.dataAmf0, 0],
        [MessageType.video, 120],
        [MessageType.audio, 120],
      ],
    );
    assert.equal(read(inits[2]!.bytes).length, 4);
    muxer.generation(generation([audio], 5));
    muxer.frame(frame(2, 160, 1));
    assert.notEqual(inits[3]!.change, undefined);
  });

  it("rolls over at a key frame before 2^31 ms, with all headers anew", () => {
    const { muxer, inits, chunks } = make();
    const near = 2 ** 31 - 100_000;
    muxer.frame(frame(1, near - 4_000_000, 1));
    muxer.frame(frame(1, near, 0));
    muxer.frame(frame(1, near + 40, 1));
    muxer.frame(frame(2, near + 30, 1));
    const times = chunks.map((chunk) => read(...chunk.parts)[0]!.timestamp);
    assert.deepEqual(times, [near - 4_000_000, near, 1000, 990]);
    assert.deepEqual(
      read(inits[1]!.change!).map((m) => m.timestamp),
      [0, 1000, 1000],
    );
    assert.equal(read(inits[1]!.bytes).at(-1)!.timestamp, 1000);
  });

  it("rolls over without a key frame at the very end, and begins near 0 on a timeline that is older", () => {
    const { muxer, chunks } = make({}, [audio]);
    muxer.frame(frame(2, 2 ** 31 + 5, 1));
    muxer.frame(frame(2, 2 ** 31 + 25, 1));
    assert.deepEqual(
      chunks.map((chunk) => read(...chunk.parts)[0]!.timestamp),
      [1000, 1020],
    );
  });

  it("makes the variants: other stream ids, one kind only, AMF3 data, legacy HEVC", () => {
    const other = make({ messageStreamId: 3, video: false, data: "amf3" });
    other.muxer.frame(frame(1, 0, 1));
    other.muxer.frame(frame(2, 10, 1));
    const messages = read(other.inits[0]!.bytes, ...other.chunks.flatMap((chunk) => chunk.parts));
    assert.deepEqual(
      messages.map((m) => [m.type, m.streamId]),
      [
        [MessageType.dataAmf3, 3],
        [MessageType.dataAmf3, 3],
        [MessageType.audio, 3],
        [MessageType.audio, 3],
      ],
    );
    assert.equal(messages[0]!.body[0], 0);
    assert.equal(other.chunks[0]!.randomAccess, true);

    const hevc: VideoTrack = { ...video, codec: "hevc" };
    for (const [signalling, first] of [
      ["enhanced", "9068766331"],
      ["legacy", "1c00000000"],
    ] as const) {
      const made = make({ signalling }, [hevc]);
      made.muxer.frame(frame(1, 0, 1));
      assert.equal(hex(read(made.inits[0]!.bytes)[2]!.body).slice(0, 10), first);
    }
  });

  it("has a key that tells all variants apart", () => {
    const variants: RtmpVariant[] = [
      variant,
      { ...variant, messageStreamId: 2 },
      { ...variant, signalling: "legacy" },
      { ...variant, data: "amf3" },
      { ...variant, audio: false },
      { ...variant, video: false },
    ];
    assert.equal(new Set(variants.map((one) => rtmpContainer(one).key)).size, variants.length);
    assert.equal(rtmpContainer({ ...variant }).key, rtmpContainer(variant).key);
  });

  it("refuses tracks that RTMP has no name for", () => {
    assert.throws(() => make({}, [data]), NotCarried);
    assert.throws(() => make({ video: false }, [video]), NotCarried);
  });
});
