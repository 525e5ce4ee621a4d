/** From the bytes of a connection to configurations and fragments of single tracks. */
import { Fmp4Reader } from "../../src/containers/fmp4/reader.ts";
import type { FragmentEvent } from "../../src/containers/fmp4/reader.ts";
import { nonSyncFlag } from "../../src/containers/fmp4/fragment.ts";
import { initForTrack } from "../../src/containers/fmp4/read-moov.ts";
import type { Movie, MovieTrack } from "../../src/containers/fmp4/read-moov.ts";
import type { TrackFragment } from "../../src/containers/fmp4/read-moof.ts";
import { codecStringOf } from "../../src/containers/fmp4/read-codec.ts";
import { decoderDescription } from "./decoder-config.ts";
import { emptyConfig, readConfigMessage } from "./config-message.ts";
import type { Sample, StreamConfig, StreamFragment, StreamTrack } from "./stream.ts";

export interface FeedListener {
  configuration(config: StreamConfig): void;
  fragment(fragment: StreamFragment): void;
}

/** Reads one connection. What follows a new one is read by a new feed. */
export class Feed {
  readonly #listener: FeedListener;
  readonly #reader = new Fmp4Reader();
  #described = emptyConfig;
  #tracks: ReadonlyMap<number, StreamTrack> = new Map();

  constructor(listener: FeedListener) {
    this.#listener = listener;
  }

  /** A text message of the server. */
  described(message: string): void {
    this.#described = readConfigMessage(message) ?? this.#described;
  }

  /** Bytes of the stream, cut anywhere; they are given away. Throws `ProtocolError` where they are no fMP4. */
  data(bytes: Uint8Array): void {
    for (const event of this.#reader.push(bytes)) {
      if (event.type === "init") this.#configure(event.movie);
      else this.#fragment(event);
    }
  }

  #configure(movie: Movie): void {
    const tracks = movie.tracks.filter((track) => track.kind !== "other").map((track) => this.#track(movie, track));
    this.#tracks = new Map(tracks.map((track) => [track.id, track]));
    this.#listener.configuration({ tracks, leftOut: this.#described.leftOut });
  }

  #track(movie: Movie, track: MovieTrack): StreamTrack {
    const kind = track.kind === "video" ? "video" : "audio";
    const codec = this.#described.codecs.get(track.id) ?? codecStringOf(track) ?? "";
    const { id, timescale, width, height, channels } = track;
    const mimeType = `${kind}/mp4; codecs="${codec}"`;
    // The sample entry has no room for rates above 65535 Hz; the timescale of audio is its rate.
    const sampleRate = kind === "audio" ? track.sampleRate || timescale : 0;
    const init = initForTrack(movie, id)!;
    return { id, kind, codec, mimeType, timescale, width, height, sampleRate, channels, init, description: decoderDescription(track) };
  }

  #fragment(event: FragmentEvent): void {
    const [fragment] = event.fragment.tracks;
    const track = fragment === undefined ? undefined : this.#tracks.get(fragment.trackId);
    if (fragment === undefined || track === undefined || fragment.samples.length === 0) return;
    const samples = samplesOf(fragment, event.payloads, track.timescale);
    const decodeStart = fragment.decodeTime / track.timescale;
    const reference = event.references.find((each) => each.trackId === track.id);
    this.#listener.fragment({
      track,
      start: Math.min(...samples.map((sample) => sample.time)),
      end: Math.max(...samples.map((sample) => sample.time + sample.duration)),
      decodeStart,
      decodeEnd: samples.reduce((time, sample) => time + sample.duration, decodeStart),
      sync: samples[0]!.sync,
      parts: event.parts,
      samples,
      utcOffset: reference === undefined ? undefined : reference.utc - (reference.mediaTime / track.timescale) * 1000,
    });
  }
}

function samplesOf(fragment: TrackFragment, payloads: readonly Uint8Array[], timescale: number): Sample[] {
  let decodeTime = fragment.decodeTime;
  return fragment.samples.map((sample, index) => {
    const time = (decodeTime + sample.compositionOffset) / timescale;
    decodeTime += sample.duration;
    return { time, duration: sample.duration / timescale, sync: (sample.flags & nonSyncFlag) === 0, data: payloads[index]! };
  });
}
