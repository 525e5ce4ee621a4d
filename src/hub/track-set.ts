import { sameBytes } from "../bytes/same-bytes.ts";
import type { FrameSink } from "../media/demuxer.ts";
import type { Metadata, Track } from "../media/track.ts";

/** Milliseconds after the first sign of media at which a track set is taken as it is. */
export const TRACK_SET_PATIENCE = 500;
/** Frames after which a track set is taken as it is. */
export const TRACK_SET_FRAMES = 30;

/** What metadata promises. */
type Announced = Parameters<FrameSink["announce"]>[0];

/**
 * Collects what a publisher says of its tracks until they are complete (design 2, "Ready"): the kinds that metadata
 * announced have come, or both kinds have, or the caller's patience is over (`settle`).
 */
export class TrackSet {
  readonly #tracks = new Map<number, Track>();
  #announced: Announced | undefined;
  #settled = false;
  /** Something changed since it was last taken. */
  #changed = false;
  #metadata: Metadata = Object.freeze(Object.create(null) as Metadata);

  announce(kinds: Announced): void {
    this.#announced = kinds;
  }

  metadata(values: Metadata): void {
    this.#metadata = values;
    this.#changed = true;
  }

  /** @returns false where an equal track was there already */
  track(track: Track): boolean {
    const known = this.#tracks.get(track.id);
    if (known !== undefined && sameTrack(known, track)) return false;
    this.#tracks.set(track.id, track);
    this.#changed = true;
    return true;
  }

  get(id: number): Track | undefined {
    return this.#tracks.get(id);
  }

  /** Takes what is there as complete, if anything is. */
  settle(): void {
    this.#settled = this.#tracks.size > 0;
  }

  get complete(): boolean {
    if (this.#settled) return true;
    const kinds = new Set([...this.#tracks.values()].map((track) => track.kind));
    const both = kinds.has("video") && kinds.has("audio");
    const announced = this.#announced;
    const allAnnounced =
      announced !== undefined &&
      (announced.video || announced.audio) &&
      (!announced.video || kinds.has("video")) &&
      (!announced.audio || kinds.has("audio"));
    const enough = this.#tracks.size >= (announced?.count ?? 0);
    if ((both || allAnnounced) && enough) this.#settled = true;
    return this.#settled;
  }

  /** What is in force, if it changed since this was last asked: tracks in order of their ids. */
  take(): { readonly tracks: readonly Track[]; readonly metadata: Metadata } | undefined {
    if (!this.#changed) return undefined;
    this.#changed = false;
    const tracks = [...this.#tracks.values()].sort((a, b) => a.id - b.id);
    return { tracks, metadata: this.#metadata };
  }
}

/** Equal in all that a decoder or a container's header would notice. */
export function sameTrack(a: Track, b: Track): boolean {
  if (a.id !== b.id || a.kind !== b.kind || a.codec !== b.codec || a.timescale !== b.timescale || a.isDefault !== b.isDefault) return false;
  if (a.language !== b.language || a.bitRate !== b.bitRate || !sameBytes(a.config, b.config)) return false;
  if (a.kind === "audio" && b.kind === "audio")
    return a.sampleRate === b.sampleRate && a.channels === b.channels && a.flvHeader === b.flvHeader;
  if (a.kind === "video" && b.kind === "video") return a.width === b.width && a.height === b.height;
  return true;
}

/** What is in force next: a track that is as it was stays the same object, and so does a list of such. */
export function keptTracks(before: readonly Track[], next: readonly Track[]): readonly Track[] {
  const kept = next.map((track) => before.find((known) => sameTrack(known, track)) ?? track);
  return kept.length === before.length && kept.every((track, i) => track === before[i]) ? before : kept;
}
