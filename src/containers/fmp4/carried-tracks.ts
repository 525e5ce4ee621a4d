/** The tracks of a movie that are published, and their samples as frames. */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { av1Sample } from "../../media/av1.ts";
import type { FrameSink, SourceFrame } from "../../media/demuxer.ts";
import { frameAccess } from "../../media/describe.ts";
import type { FrameAccess } from "../../media/frame.ts";
import { Access, Sap } from "../../media/frame.ts";
import { withFourByteLengths } from "../../media/nal.ts";
import { toMicros } from "../../media/time.ts";
import { Codec } from "../../media/track.ts";
import { nonSyncFlag } from "./fragment.ts";
import { readTrack, type ReadTrack } from "./media-track.ts";
import type { MovieTrack } from "./read-moov.ts";

/** A sample with its payload; times in the file's own ticks, before its edit list. */
export interface TimedSample {
  readonly dts: number;
  readonly pts: number;
  /** Sample flags, ISO/IEC 14496-12 8.8.3.1. */
  readonly flags: number;
  readonly data: Uint8Array;
}

/** What is in a sample, in the form ours have. */
export type SampleContent = Pick<SourceFrame, "sap" | "discardable" | "data">;

/** Tells a sink of the tracks that we carry, and makes frames of their samples. The others are passed over. */
export class CarriedTracks {
  readonly #tracks = new Map<number, ReadTrack>();

  /** @throws ProtocolError where there is none that we carry, or a configuration is broken */
  constructor(all: readonly MovieTrack[], sink: FrameSink) {
    const kinds = { video: false, audio: false };
    for (const movieTrack of all) {
      const { kind } = movieTrack;
      const read = kind === "other" ? undefined : readTrack(movieTrack, !kinds[kind]);
      if (read === undefined || kind === "other") continue;
      kinds[kind] = true;
      this.#tracks.set(read.track.id, read);
    }
    if (this.#tracks.size === 0) {
      const types = all.map(({ entryType }) => entryType).join(", ");
      throw new ProtocolError("unsupported", `no track of a codec that is known here: ${types === "" ? "there are none" : types}`);
    }
    sink.announce(kinds);
    for (const { track } of this.#tracks.values()) sink.track(track);
  }

  has(id: number): boolean {
    return this.#tracks.has(id);
  }

  /** Of those that are carried. */
  get all(): readonly ReadTrack[] {
    return [...this.#tracks.values()];
  }

  /** A sample as a frame; undefined for an empty one, and for those of tracks that are not carried. */
  frame(id: number, { dts, pts, flags, data }: TimedSample): SourceFrame | undefined {
    const content = this.content(id, flags, data);
    if (content === undefined) return undefined;
    const { edit } = this.#tracks.get(id)!;
    return { track: id, dts: dts + edit, pts: pts + edit, ...content };
  }

  /** What is in a sample; undefined as above. */
  content(id: number, flags: number, payload: Uint8Array): SampleContent | undefined {
    const read = this.#tracks.get(id);
    if (read === undefined || payload.length === 0) return undefined;
    const { track, lengthSize } = read;
    const { codec, config } = track;
    const nal = codec === Codec.avc || codec === Codec.hevc;
    const data = nal ? withFourByteLengths(payload, lengthSize) : codec === Codec.av1 ? av1Sample(payload) : payload;
    const access = frameAccess(codec, config, data) ?? declared(flags);
    const discardable = access.discardable || (access.sap === Sap.none && isDisposable(flags));
    return { sap: access.sap, discardable, data };
  }

  /** When a frame is decoded, in microseconds, to compare it with those of other tracks. */
  micros({ track, dts }: Pick<SourceFrame, "track" | "dts">): number {
    return toMicros(dts, this.#tracks.get(track)!.track.timescale);
  }
}

function declared(flags: number): FrameAccess {
  return (flags & nonSyncFlag) === 0 ? Access.closed : Access.none;
}

/** sample_is_depended_on is 2: no other sample depends on this one (ISO/IEC 14496-12 8.6.4.3). */
export function isDisposable(flags: number): boolean {
  return ((flags >>> 22) & 3) === 2;
}
