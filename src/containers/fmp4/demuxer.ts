import { ProtocolError } from "../../bytes/protocol-error.ts";
import { av1Sample } from "../../media/av1.ts";
import type { Demuxer, FrameSink, SourceFrame } from "../../media/demuxer.ts";
import { frameAccess } from "../../media/describe.ts";
import type { FrameAccess } from "../../media/frame.ts";
import { Access, Sap } from "../../media/frame.ts";
import { withFourByteLengths } from "../../media/nal.ts";
import { toMicros } from "../../media/time.ts";
import { Codec } from "../../media/track.ts";
import { nonSyncFlag } from "./fragment.ts";
import { readTrack } from "./media-track.ts";
import type { ReadTrack } from "./media-track.ts";
import type { Movie } from "./read-moov.ts";
import type { FragmentEvent } from "./reader.ts";
import { Fmp4Reader } from "./reader.ts";

/**
 * Reads fragmented MP4 (CMAF, what `ffmpeg -movflags empty_moov+default_base_moof` writes). Times are the file's own ticks;
 * samples of one fragment come in order of decoding time whatever tracks they are of. Tracks of codecs that we do not carry, and those that are neither video nor audio, are passed over.
 */
export class Fmp4Demuxer implements Demuxer {
  readonly #sink: FrameSink;
  readonly #reader = new Fmp4Reader();
  #tracks: ReadonlyMap<number, ReadTrack> | undefined;
  /** Where what is being read begins. */
  #at: number | undefined;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  get position(): number {
    return this.#at ?? this.#reader.position;
  }

  push(piece: Uint8Array): void {
    for (const event of this.#reader.push(piece)) {
      this.#at = event.at;
      if (event.type === "init") this.#init(event.movie);
      else this.#fragment(event);
    }
    this.#at = undefined;
  }

  end(): void {
    if (this.#tracks === undefined) throw new ProtocolError("truncated", "the input ended before a moov box");
    if (this.#reader.pending) throw new ProtocolError("truncated", "the input ended within a fragment");
  }

  #init(movie: Movie): void {
    const tracks = new Map<number, ReadTrack>();
    const kinds = { video: false, audio: false };
    for (const movieTrack of movie.tracks) {
      const { kind } = movieTrack;
      const read = kind === "other" ? undefined : readTrack(movieTrack, !kinds[kind]);
      if (read === undefined || kind === "other") continue;
      kinds[kind] = true;
      tracks.set(read.track.id, read);
    }
    if (tracks.size === 0) {
      const types = movie.tracks.map(({ entryType }) => entryType).join(", ");
      throw new ProtocolError("unsupported", `no track of a codec that is known here: ${types === "" ? "there are none" : types}`);
    }
    this.#tracks = tracks;
    this.#sink.announce(kinds);
    for (const { track } of tracks.values()) this.#sink.track(track);
  }

  #fragment({ fragment, payloads }: FragmentEvent): void {
    const frames: { readonly micros: number; readonly frame: SourceFrame }[] = [];
    let next = 0;
    for (const { trackId, decodeTime, samples } of fragment.tracks) {
      const read = this.#tracks?.get(trackId);
      let dts = decodeTime + (read?.edit ?? 0);
      for (const { duration, compositionOffset, flags } of samples) {
        const payload = payloads[next++]!;
        const pts = dts + compositionOffset;
        if (read !== undefined && payload.length > 0)
          frames.push({ micros: toMicros(dts, read.track.timescale), frame: frameOf(read, dts, pts, flags, payload) });
        dts += duration;
      }
    }
    for (const { frame } of frames.sort((a, b) => a.micros - b.micros)) this.#sink.frame(frame);
  }
}

function frameOf({ track, lengthSize }: ReadTrack, dts: number, pts: number, flags: number, payload: Uint8Array): SourceFrame {
  const { id, codec, config } = track;
  const nal = codec === Codec.avc || codec === Codec.hevc;
  const data = nal ? withFourByteLengths(payload, lengthSize) : codec === Codec.av1 ? av1Sample(payload) : payload;
  const access = frameAccess(codec, config, data) ?? declared(flags);
  const discardable = access.discardable || (access.sap === Sap.none && isDisposable(flags));
  return { track: id, dts, pts, sap: access.sap, discardable, data };
}

function declared(flags: number): FrameAccess {
  return (flags & nonSyncFlag) === 0 ? Access.closed : Access.none;
}

/** sample_is_depended_on is 2: no other sample depends on this one (ISO/IEC 14496-12 8.6.4.3). */
function isDisposable(flags: number): boolean {
  return ((flags >>> 22) & 3) === 2;
}
