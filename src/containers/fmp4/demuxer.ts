import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { Demuxer, FrameSink, SourceFrame } from "../../media/demuxer.ts";
import { CarriedTracks } from "./carried-tracks.ts";
import type { FragmentEvent } from "./reader.ts";
import { Fmp4Reader } from "./reader.ts";

/**
 * Reads fragmented MP4 (CMAF, what `ffmpeg -movflags empty_moov+default_base_moof` writes). Times are the file's own ticks;
 * samples of one fragment come in order of decoding time whatever tracks they are of. Tracks of codecs that we do not carry, and those that are neither video nor audio, are passed over.
 */
export class Fmp4Demuxer implements Demuxer {
  readonly #sink: FrameSink;
  readonly #reader = new Fmp4Reader();
  #tracks: CarriedTracks | undefined;
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
      if (event.type === "init") this.#tracks = new CarriedTracks(event.movie.tracks, this.#sink);
      else if (this.#tracks !== undefined) this.#fragment(event, this.#tracks);
    }
    this.#at = undefined;
  }

  end(): void {
    if (this.#tracks === undefined) throw new ProtocolError("truncated", "the input ended before a moov box");
    if (this.#reader.pending) throw new ProtocolError("truncated", "the input ended within a fragment");
  }

  #fragment({ fragment, payloads }: FragmentEvent, tracks: CarriedTracks): void {
    const frames: { readonly micros: number; readonly frame: SourceFrame }[] = [];
    let next = 0;
    for (const { trackId, decodeTime, samples } of fragment.tracks) {
      let dts = decodeTime;
      for (const { duration, compositionOffset, flags } of samples) {
        const data = payloads[next++]!;
        const frame = tracks.frame(trackId, { dts, pts: dts + compositionOffset, flags, data });
        if (frame !== undefined) frames.push({ micros: tracks.micros(frame), frame });
        dts += duration;
      }
    }
    for (const { frame } of frames.sort((a, b) => a.micros - b.micros)) this.#sink.frame(frame);
  }
}
