import { encodeAmf0 } from "../../containers/flv/amf0.ts";
import { audioConfigParts, audioFrameParts } from "../../containers/flv/audio-tag.ts";
import type { Signalling } from "../../containers/flv/enhanced.ts";
import { ON_META_DATA, outputMetadata } from "../../containers/flv/metadata.ts";
import { selectTracks, type Selection } from "../../containers/flv/selection.ts";
import { videoConfigParts, videoFrameParts } from "../../containers/flv/video-tag.ts";
import type { Container } from "../../hub/container-output.ts";
import { Sap, type Frame } from "../../media/frame.ts";
import type { Muxer, MuxerFactory, MuxerSink } from "../../media/muxer.ts";
import { rescale, toMicros } from "../../media/time.ts";
import { TrackKind, type Generation, type Track } from "../../media/track.ts";
import { chunkedParts, joined } from "./chunk-writer.ts";
import { ChunkStreamId, MessageType } from "./message.ts";

/** What makes one run of RTMP bytes differ from another. All viewers who need the same share it. */
export interface RtmpVariant {
  /** Nearly every player uses message stream 1. */
  readonly messageStreamId: number;
  readonly signalling: Signalling;
  /** Form of data messages. */
  readonly data: "amf0" | "amf3";
  readonly audio: boolean;
  readonly video: boolean;
}

/** Wire time ends here, as in FLV: some players read it as a signed number. */
const endOfTime = 2 ** 31 - 1;
/** From here on, an hour before the end, the next random-access point starts again near 0. */
const rollOverAt = endOfTime - 3_600_000;
/** Wire time of the frame that fixed an epoch other than 0, so that tracks a little behind it are not below 0. */
const epochMargin = 1_000;
/** A message length has 24 bits; some of them are the frame's header. */
const longestFrame = 0xffffff - 16;

/** The container as the hub shares it among viewers. */
export function rtmpContainer(variant: RtmpVariant): Container {
  const { messageStreamId, signalling, data, audio, video } = variant;
  const kinds = `${audio ? "a" : ""}${video ? "v" : ""}`;
  return { key: `rtmp:${signalling}:${data}:${kinds}:${messageStreamId}`, muxer: rtmpMuxer(variant) };
}

/**
 * Frames as RTMP messages: |RtmpSampleAccess, onMetaData and sequence headers as the init, then a message a chunk.
 * Each message begins with a full header, so that a viewer may start at any random-access point and other messages
 * may come between.
 *
 * Wire time is timeline time minus the output's epoch, which is 0 until wire time nears 2^31 ms; then the output
 * starts again near 0 with all its headers, at a random-access point.
 */
export function rtmpMuxer(variant: RtmpVariant): MuxerFactory {
  return (sink) => new RtmpMuxer(variant, sink);
}

/** Bodies of the messages a viewer needs before its first frame. */
interface Headers {
  readonly selection: Selection;
  readonly metadata: Uint8Array;
  readonly video: Uint8Array;
  readonly audio: Uint8Array;
}

class RtmpMuxer implements Muxer {
  readonly #variant: RtmpVariant;
  readonly #sink: MuxerSink;
  readonly #tracks = new Map<number, Track>();
  /** What frames belong to, announced or not. */
  #headers: Headers | undefined;
  /** What the sink's last init said. */
  #announced: Headers | undefined;
  /** Milliseconds of timeline time at wire time 0. */
  #epoch: number | undefined;

  constructor(variant: RtmpVariant, sink: MuxerSink) {
    this.#variant = variant;
    this.#sink = sink;
  }

  generation(next: Generation): void {
    const { signalling } = this.#variant;
    const selection = selectTracks(next, this.#variant);
    const { video, audio, data } = selection;
    this.#headers = {
      selection,
      metadata: encodeAmf0(ON_META_DATA, outputMetadata(next.metadata, video, audio, signalling)),
      video: joined(video === undefined ? [] : videoConfigParts(video, signalling)),
      audio: joined(audio === undefined ? [] : audioConfigParts(audio)),
    };
    this.#tracks.clear();
    for (const track of [video, audio, ...data]) if (track !== undefined) this.#tracks.set(track.id, track);
  }

  /** Time goes on over a discontinuity; its new configuration, if any, comes as a generation. */
  discontinuity(): void {}

  frame(frame: Frame): void {
    const track = this.#tracks.get(frame.track);
    if (track === undefined || frame.data.length > longestFrame) return;
    const start = this.#isStart(track, frame);
    const time = rescale(frame.dts, track.timescale, 1000);
    const wire = this.#wireTime(time, start);
    if (this.#announced !== this.#headers) this.#announce(wire);
    this.#sink.chunk({
      parts: this.#frameMessage(track, frame, wire, rescale(frame.pts, track.timescale, 1000) - time),
      dts: toMicros(frame.dts, track.timescale),
      randomAccess: start,
      urgent: track.kind === TrackKind.video,
    });
  }

  /** Nothing is held back. */
  flush(): void {}

  /** After a gradual refresh pictures are broken for a while: nobody starts there. */
  #isStart(track: Track, frame: Frame): boolean {
    if (track.kind === TrackKind.video) return frame.sap !== Sap.none && frame.sap !== Sap.gradual;
    return track.kind === TrackKind.audio && this.#headers!.selection.video === undefined;
  }

  #wireTime(time: number, start: boolean): number {
    const epoch = this.#epoch;
    if (epoch !== undefined && time - epoch < (start ? rollOverAt : endOfTime)) return Math.max(0, time - epoch);
    if (epoch === undefined && time < rollOverAt) {
      this.#epoch = 0;
      return Math.max(0, time);
    }
    this.#epoch = time - epochMargin;
    this.#announced = undefined;
    return epochMargin;
  }

  /** Tells the sink what the frames from here on need, stamped with the time of the first of them. */
  #announce(wire: number): void {
    const before = this.#announced;
    const now = this.#headers!;
    this.#announced = now;
    const bytes = joined([...this.#data(wire, encodeAmf0("|RtmpSampleAccess", true, true)), ...this.#headerMessages(now, wire)]);
    if (before === undefined) return this.#sink.init({ bytes, change: bytes });
    const changed = {
      metadata: same(before.metadata, now.metadata) ? nothing : now.metadata,
      video: same(before.video, now.video) ? nothing : now.video,
      audio: same(before.audio, now.audio) ? nothing : now.audio,
    };
    const change = joined(this.#headerMessages(changed, wire));
    if (change.length > 0) this.#sink.init({ bytes, change });
  }

  #headerMessages({ metadata, video, audio }: Omit<Headers, "selection">, wire: number): Uint8Array[] {
    return [
      ...(metadata.length === 0 ? [] : this.#data(wire, metadata)),
      ...(video.length === 0 ? [] : this.#message(ChunkStreamId.video, MessageType.video, wire, [video])),
      ...(audio.length === 0 ? [] : this.#message(ChunkStreamId.audio, MessageType.audio, wire, [audio])),
    ];
  }

  #frameMessage(track: Track, frame: Frame, wire: number, composition: number): Uint8Array[] {
    switch (track.kind) {
      case TrackKind.video: {
        const body = videoFrameParts(track, frame, composition, this.#variant.signalling);
        return this.#message(ChunkStreamId.video, MessageType.video, wire, body);
      }
      case TrackKind.audio:
        return this.#message(ChunkStreamId.audio, MessageType.audio, wire, audioFrameParts(track, frame.data));
      case TrackKind.data:
        return this.#data(wire, frame.data);
    }
  }

  /** A data message: AMF0 values, behind a format byte in its AMF3 form. */
  #data(wire: number, body: Uint8Array): Uint8Array[] {
    return this.#variant.data === "amf3"
      ? this.#message(ChunkStreamId.data, MessageType.dataAmf3, wire, [amf3Format, body])
      : this.#message(ChunkStreamId.data, MessageType.dataAmf0, wire, [body]);
  }

  #message(chunkStreamId: ChunkStreamId, type: MessageType, timestamp: number, body: readonly Uint8Array[]): Uint8Array[] {
    return chunkedParts(chunkStreamId, { type, timestamp, streamId: this.#variant.messageStreamId }, body);
  }
}

const nothing = new Uint8Array(0);
const amf3Format = Uint8Array.of(0);

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
