import { keptTracks } from "../../hub/track-set.ts";
import type { Frame } from "../../media/frame.ts";
import type { Discontinuity, Muxer, MuxerFactory } from "../../media/muxer.ts";
import type { Generation, Metadata, Track } from "../../media/track.ts";
import { codecOfId } from "../../containers/ffm/codec-id.ts";
import type { Feed, FeedOutput } from "./feed-directory.ts";

/** What an output takes of its feed. */
export interface FeedView {
  /** Views with equal keys show the same. */
  readonly key: string;
  /** The tracks of it, and what is said of it. */
  of(generation: Generation): Generation;
  /** A muxer that is shown no more of a timeline than the view has. */
  muxer(make: MuxerFactory): MuxerFactory;
}

/** The view of an output: of a feed, or of a file, which is shown whole. */
export function feedView({ feed, places, settings: { metadata } }: Pick<FeedOutput, "feed" | "places" | "settings">): FeedView {
  const view: FeedView = {
    key: JSON.stringify([places ?? "all", metadata]),
    of: (generation) => ({
      ...generation,
      tracks: withDefaults(places === undefined || feed === undefined ? generation.tracks : chosen(generation.tracks, feed, places)),
      metadata: { ...generation.metadata, ...metadata } satisfies Metadata,
    }),
    muxer: (make) => (sink) => new ViewMuxer(view, make(sink)),
  };
  return view;
}

/**
 * The tracks at some places of a feed. An encoder that was asked for them numbers them alike; of one that was not (it publishes what it has, over
 * any protocol) the first of the same codec is taken, else the first of the same kind.
 */
function chosen(tracks: readonly Track[], { encodings }: Feed, places: readonly number[]): Track[] {
  const codecs = encodings.map(({ codec }) => codecOfId(codec.id)?.codec);
  const isAsAsked = encodings.every((_, place) => {
    const track = tracks.find(({ id }) => id === place + 1);
    return track === undefined || track.codec === codecs[place];
  });
  const taken = new Set<Track>();
  for (const place of places) {
    const encoding = encodings[place];
    if (encoding === undefined) continue;
    const same = isAsAsked ? tracks.find(({ id }) => id === place + 1) : undefined;
    const free = tracks.filter((track) => track.kind === encoding.codec.kind && !taken.has(track));
    const track = same ?? free.find(({ codec }) => codec === codecs[place]) ?? free[0];
    if (track !== undefined) taken.add(track);
  }
  return tracks.filter((track) => taken.has(track));
}

/** Of each kind the first is the one that players take, which in the feed may be one that is not here. */
function withDefaults(tracks: readonly Track[]): readonly Track[] {
  const defaults = new Set(["video", "audio"].map((kind) => tracks.findIndex((track) => track.kind === kind)));
  return tracks.map((track, at) => (track.isDefault === defaults.has(at) ? track : { ...track, isDefault: defaults.has(at) }));
}

class ViewMuxer implements Muxer {
  readonly #view: FeedView;
  readonly #muxer: Muxer;
  #tracks: readonly Track[] = [];
  #ids: ReadonlySet<number> = new Set();

  constructor(view: FeedView, muxer: Muxer) {
    this.#view = view;
    this.#muxer = muxer;
  }

  generation(next: Generation): void {
    const seen = this.#view.of(next);
    this.#tracks = keptTracks(this.#tracks, seen.tracks);
    this.#ids = new Set(this.#tracks.map(({ id }) => id));
    this.#muxer.generation({ ...seen, tracks: this.#tracks });
  }

  frame(frame: Frame): void {
    if (this.#ids.has(frame.track)) this.#muxer.frame(frame);
  }

  discontinuity(entry: Discontinuity): void {
    this.#muxer.discontinuity(entry);
  }

  flush(): void {
    this.#muxer.flush();
  }
}
