import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { Demuxer, FrameSink } from "../../media/demuxer.ts";
import type { Track } from "../../media/track.ts";
import { TrackKind } from "../../media/track.ts";
import { AudioStream } from "./audio-stream.ts";
import { codecOfId } from "./codec-id.ts";
import type { FfmHeader } from "./header.ts";
import { FfmReader } from "./reader.ts";
import type { FfmFrame, FfmReaderOptions } from "./reader.ts";
import type { SourceStream } from "./source-stream.ts";
import { VideoStream } from "./video-stream.ts";

/** Ticks of a second in FFM. */
const MICROSECONDS = 1_000_000;
/** Times from here on are of a clock that counts from 1970: 2001-09-09. */
const UNIX_SINCE = 1e15;

export interface FfmDemuxerOptions extends FfmReaderOptions {
  /** Sees the header before anything of it is told; what it throws is thrown on. */
  readonly header?: (header: FfmHeader) => void;
}

/**
 * Reads an FFM stream or file, told to a sink in our own terms: what ffserver's encoders post.
 *
 * - A stream's track has the id of its place in the header, from 1. Streams of codecs that we do not carry are left out.
 * - Times are microseconds as they stand there; an encoder that posted to ffserver counted them from 1970.
 * - Frames that cannot be placed are dropped, and counted: before the first key frame of VP8 and VP9, and where the configuration that their
 *   codec needs is nowhere (`-flags +global_header` makes FFmpeg 3.1 write it).
 *
 * A ring file is read in the order in which its bytes are given: `ringOrder` says where the oldest are.
 */
export class FfmDemuxer implements Demuxer {
  readonly #sink: FrameSink;
  readonly #reader: FfmReader;
  #streams: readonly (SourceStream | undefined)[] = [];
  /** What the sink was told last of each stream. */
  readonly #told: (Track | undefined)[] = [];
  #dropped = 0;
  #hasFrames = false;

  constructor(sink: FrameSink, { header: look, ...options }: FfmDemuxerOptions = {}) {
    this.#sink = sink;
    const header = (read: FfmHeader): void => {
      look?.(read);
      this.#header(read);
    };
    this.#reader = new FfmReader({ header, frame: (frame) => this.#frame(frame) }, options);
  }

  /** Frames of streams that we carry which could not be placed. */
  get dropped(): number {
    return this.#dropped;
  }

  /** How often something damaged was stepped over. */
  get lost(): number {
    return this.#reader.lost;
  }

  push(piece: Uint8Array): void {
    this.#reader.push(piece);
  }

  end(): void {
    if (!this.#reader.begun) throw new ProtocolError("truncated", "the input ended within the header of FFM");
    if (this.#reader.pending > 0) throw new ProtocolError("truncated", "the input ended within a page or a frame of FFM");
  }

  #header({ streams }: FfmHeader): void {
    const kinds = { video: false, audio: false };
    this.#streams = streams.map((stream, index) => {
      const known = codecOfId(stream.codecId);
      if (known === undefined) return undefined;
      const identity = { id: index + 1, timescale: MICROSECONDS, isDefault: !kinds[stream.kind] };
      kinds[stream.kind] = true;
      return known.kind === TrackKind.video
        ? new VideoStream(stream, known.codec, identity)
        : new AudioStream(stream, known.codec, identity);
    });
    if (!kinds.video && !kinds.audio) {
      const ids = streams.map(({ codecId }) => codecId).join(", ");
      throw new ProtocolError("unsupported", `FFM: no stream of a codec that is known here: ${ids === "" ? "there are none" : ids}`);
    }
    this.#sink.announce({ ...kinds, count: this.#streams.filter((stream) => stream !== undefined).length });
    for (const index of this.#streams.keys()) this.#tell(index);
  }

  #frame(frame: FfmFrame): void {
    const stream = this.#streams[frame.stream];
    if (stream === undefined || frame.data.length === 0) return;
    if (!this.#hasFrames && frame.dts >= UNIX_SINCE) this.#sink.timesAreUnix?.();
    this.#hasFrames = true;
    const parts = stream.frames(frame);
    this.#tell(frame.stream);
    if (parts.length === 0) this.#dropped += 1;
    for (const { data, sap, discardable, later = 0 } of parts) {
      this.#sink.frame({ track: frame.stream + 1, dts: frame.dts + later, pts: frame.pts + later, sap, discardable, data });
    }
  }

  #tell(index: number): void {
    const track = this.#streams[index]?.track;
    if (track === undefined || track === this.#told[index]) return;
    this.#told[index] = track;
    this.#sink.track(track);
  }
}
