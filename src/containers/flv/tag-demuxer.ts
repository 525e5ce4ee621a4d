import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import type { FrameSink } from "../../media/demuxer.ts";
import { Sap } from "../../media/frame.ts";
import type { DataTrack, Metadata, Track } from "../../media/track.ts";
import { Codec, TrackKind } from "../../media/track.ts";
import { decodeAmf0, decodeAmf0All, encodeAmf0 } from "./amf0.ts";
import { AudioSource } from "./audio-source.ts";
import { readAudioTag } from "./audio-tag.ts";
import { ON_META_DATA, promisedKinds, readMetadata } from "./metadata.ts";
import type { FlvTag } from "./tag.ts";
import { TagType } from "./tag.ts";
import { SHORTEST_COUNTER, TimestampUnwrapper } from "./timestamps.ts";
import { VideoSource } from "./video-source.ts";
import { readVideoTag } from "./video-tag.ts";

/** Ids of the tracks that most streams have. */
export const TrackId = { video: 1, audio: 2, data: 3 } as const;
/** Multitrack video track n > 0 has the id 256 + n, audio track n the id 512 + n. */
const EXTRA_VIDEO = 256;
const EXTRA_AUDIO = 512;

/** Our id of a video track. @param trackId as tags have it */
export function videoTrackId(trackId: number): number {
  return trackId === 0 ? TrackId.video : EXTRA_VIDEO + trackId;
}

/** The same of an audio track. */
export function audioTrackId(trackId: number): number {
  return trackId === 0 ? TrackId.audio : EXTRA_AUDIO + trackId;
}

/** Script messages that are neither metadata nor meant for anybody else. */
export const scriptTrack: DataTrack = Object.freeze({
  kind: TrackKind.data,
  id: TrackId.data,
  codec: Codec.amf0,
  config: new Uint8Array(0),
  timescale: 1000,
  isDefault: true,
  codecString: "",
});

/** Tracks of one publisher. */
export const MAX_TRACKS = 32;
/** Bytes of an onMetaData message, references written out. */
export const MAX_METADATA = 1024 * 1024;
/** Script messages stamped further than this, in milliseconds, from the newest media (with 0, often) are taken to belong there. */
export const MAX_DATA_SKEW = 1000;

const SET_DATA_FRAME = "@setDataFrame";
const CLEAR_DATA_FRAME = "@clearDataFrame";
/** Says what a Flash client may read of the picture: from server to client, meant for nobody here. */
const SAMPLE_ACCESS = "|RtmpSampleAccess";

/**
 * What RTMP messages and FLV tags say, told to a sink in our own terms. One for each publisher: it undoes the wraps of
 * that connection's stamps.
 *
 * - Times are milliseconds. The nanoseconds of ModEx are below what the timescale can say, and dropped.
 * - A sequence header's own stamp counts for nothing; equal headers are passed on, the timeline ignores them.
 * - Empty messages and empty frames are silence and dropped. So are ends of sequence, seek commands, colour and channel
 *   information, and packet types not defined yet.
 * - Frames whose codec needs a configuration are dropped, and counted, until it has come.
 * - Script messages other than metadata become frames of a data track, byte for byte; before the first audio or video
 *   frame nobody could place them, and they are dropped.
 *
 * Frame data and script data are views of the bodies; configurations are copies.
 */
export class TagDemuxer {
  readonly #sink: FrameSink;
  readonly #times = new TimestampUnwrapper();
  readonly #videos = new Map<number, VideoSource>();
  readonly #audios = new Map<number, AudioSource>();
  #metadata: Metadata = {};
  /** Time of the last audio or video frame. */
  #newest: number | undefined;
  #hasData = false;
  #dropped = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Frames dropped because the configuration of their track had not come. */
  get dropped(): number {
    return this.#dropped;
  }

  /** A tag of a file; types that say nothing to us are passed over. @throws ProtocolError */
  tag({ type, timestamp, body }: FlvTag): void {
    switch (type) {
      case TagType.audio:
        return this.audio(timestamp, body);
      case TagType.video:
        return this.video(timestamp, body);
      case TagType.script:
        return this.data(timestamp, body);
      case TagType.scriptAmf3:
        return this.data(timestamp, body.subarray(1));
    }
  }

  /** @param timestamp the u32 of the wire, milliseconds. @throws ProtocolError */
  audio(timestamp: number, body: Uint8Array): void {
    for (const item of readAudioTag(body)) {
      if (item.kind !== "config" && item.kind !== "frame") continue;
      const source = this.#audioSource(item.trackId);
      const before = source.track;
      if (item.kind === "config") {
        source.configure(item.codec, item.config);
        if (source.track !== undefined) this.#sink.track(source.track);
        continue;
      }
      if (item.data.length === 0) continue;
      if (!source.frame(item)) {
        this.#dropped += 1;
        continue;
      }
      const track = source.track!;
      if (track !== before) this.#sink.track(track);
      const dts = this.#time(track.id, timestamp);
      this.#sink.frame({ track: track.id, dts, pts: dts, sap: Sap.closed, discardable: false, data: item.data });
    }
  }

  /** @param timestamp the u32 of the wire, milliseconds. @throws ProtocolError */
  video(timestamp: number, body: Uint8Array): void {
    for (const item of readVideoTag(body)) {
      if (item.kind !== "config" && item.kind !== "frame") continue;
      const source = this.#videoSource(item.trackId);
      const before = source.track;
      if (item.kind === "config") {
        source.configure(item.codec, item.config, this.#metadata);
        if (source.track !== undefined) this.#sink.track(source.track);
        continue;
      }
      if (item.data.length === 0) continue;
      const frame = source.frame(item, this.#metadata);
      if (frame === undefined) {
        this.#dropped += 1;
        continue;
      }
      const track = source.track!;
      if (track !== before) this.#sink.track(track);
      if (frame.data.length === 0) continue;
      const dts = this.#time(track.id, timestamp);
      const { sap, discardable, data } = frame;
      this.#sink.frame({ track: track.id, dts, pts: dts + item.compositionTime, sap, discardable, data });
    }
  }

  /**
   * @param timestamp the u32 of the wire, milliseconds
   * @param body AMF0 values: of AMF3 messages without the leading 0
   * @throws ProtocolError if it is not AMF0
   */
  data(timestamp: number, body: Uint8Array): void {
    if (body.length === 0) return;
    const values = decodeAmf0All(body);
    const wrapped = values[0] === SET_DATA_FRAME;
    const [name, first] = wrapped ? values.slice(1) : values;
    if (name === CLEAR_DATA_FRAME) {
      if (first === undefined || first === ON_META_DATA) this.#publishMetadata({});
    } else if (name === ON_META_DATA) {
      if (encodeAmf0(first).length > MAX_METADATA) throw new ProtocolError("limit", `metadata of more than ${MAX_METADATA} bytes`);
      this.#publishMetadata(readMetadata(first));
    } else if (name !== SAMPLE_ACCESS && (!wrapped || values.length > 1)) {
      this.#scriptFrame(timestamp, wrapped ? afterFirstValue(body) : body);
    }
  }

  #publishMetadata(metadata: Metadata): void {
    this.#metadata = metadata;
    const kinds = promisedKinds(metadata);
    if (kinds.video || kinds.audio) this.#sink.announce(kinds);
    this.#sink.metadata(metadata);
  }

  #scriptFrame(timestamp: number, data: Uint8Array): void {
    const newest = this.#newest;
    if (newest === undefined) return;
    const dts = nearMedia(timestamp, newest);
    if (!this.#hasData) this.#sink.track(scriptTrack);
    this.#hasData = true;
    this.#sink.frame({ track: TrackId.data, dts, pts: dts, sap: Sap.closed, discardable: false, data });
  }

  #time(track: Track["id"], timestamp: number): number {
    this.#newest = this.#times.unwrap(track, timestamp);
    return this.#newest;
  }

  #audioSource(trackId: number): AudioSource {
    const known = this.#audios.get(trackId);
    if (known !== undefined) return known;
    this.#admit();
    const source = new AudioSource(audioTrackId(trackId), trackId === 0);
    this.#audios.set(trackId, source);
    return source;
  }

  #videoSource(trackId: number): VideoSource {
    const known = this.#videos.get(trackId);
    if (known !== undefined) return known;
    this.#admit();
    const source = new VideoSource(videoTrackId(trackId), trackId === 0);
    this.#videos.set(trackId, source);
    return source;
  }

  /** Counts the track that is about to be added. */
  #admit(): void {
    if (this.#videos.size + this.#audios.size === MAX_TRACKS) throw new ProtocolError("limit", `more than ${MAX_TRACKS} tracks`);
  }
}

/** The turn of the shortest counter, of which the others are multiples, that brings a stamp near the media; else their time. */
function nearMedia(timestamp: number, newest: number): number {
  const ahead = (((timestamp - newest) % SHORTEST_COUNTER) + SHORTEST_COUNTER) % SHORTEST_COUNTER;
  const step = ahead > SHORTEST_COUNTER / 2 ? ahead - SHORTEST_COUNTER : ahead;
  return Math.abs(step) <= MAX_DATA_SKEW ? newest + step : newest;
}

function afterFirstValue(body: Uint8Array): Uint8Array {
  const reader = new Reader(body);
  decodeAmf0(reader);
  return reader.rest();
}
