import { sameBytes } from "../bytes/same-bytes.ts";
import type { Frame } from "../media/frame.ts";
import type { Muxer, MuxerFactory, MuxerSink } from "../media/muxer.ts";
import { NotCarried } from "../media/muxer.ts";
import { toMicros } from "../media/time.ts";
import { TrackKind } from "../media/track.ts";
import type { AudioTrack, Generation } from "../media/track.ts";

/** The bytes of one track in a container that has room for one. */
export interface AudioWriter {
  /** What comes before the first frame; empty for containers without a header. */
  readonly header: Uint8Array;
  /** A frame in pieces; none where it has to be left out. */
  frame(frame: Frame): readonly Uint8Array[];
}

/** A container for one audio track. */
export interface AudioContainer {
  /** Why it cannot carry the track, in words for a viewer; undefined where it can. */
  refusal(track: AudioTrack): string | undefined;
  /** Begins with a track that it can carry. Viewers go on when the track changes and the header does not. */
  writer(track: AudioTrack): AudioWriter;
}

/** Muxers of a container for one audio track: the default one, or the first that it can carry. A viewer may start at any frame. */
export function audioMuxer(container: AudioContainer): MuxerFactory {
  return (sink) => new AudioMuxer(container, sink);
}

class AudioMuxer implements Muxer {
  readonly #container: AudioContainer;
  readonly #sink: MuxerSink;
  #track: AudioTrack | undefined;
  #writer: AudioWriter | undefined;

  constructor(container: AudioContainer, sink: MuxerSink) {
    this.#container = container;
    this.#sink = sink;
  }

  /** Throws `NotCarried` where no track is left to carry; what was carried before goes on. */
  generation(next: Generation): void {
    const track = this.#choose(next);
    const [before, header] = [this.#track, this.#writer?.header];
    this.#track = track;
    if (before !== undefined && isSame(before, track)) return;
    this.#writer = this.#container.writer(track);
    const bytes = this.#writer.header;
    const goesOn = before?.codec === track.codec && header !== undefined && sameBytes(header, bytes);
    if (!goesOn) this.#sink.init({ bytes });
  }

  frame(frame: Frame): void {
    const track = this.#track;
    if (frame.track !== track?.id || frame.data.length === 0) return;
    const parts = this.#writer!.frame(frame);
    if (parts.length === 0) return;
    this.#sink.chunk({ parts, dts: toMicros(frame.dts, track.timescale), randomAccess: true, urgent: false });
  }

  /** Time goes on over a discontinuity. */
  discontinuity(): void {}

  /** Nothing is held back. */
  flush(): void {}

  #choose({ tracks }: Generation): AudioTrack {
    const all = tracks.filter((track): track is AudioTrack => track.kind === TrackKind.audio);
    const carried = all.filter((track) => this.#container.refusal(track) === undefined);
    const track = carried.find(({ isDefault }) => isDefault) ?? carried[0];
    if (track !== undefined) return track;
    const reasons = new Set(all.map((each) => this.#container.refusal(each)));
    throw new NotCarried(reasons.size === 0 ? "the stream has no audio" : [...reasons].join("; "));
  }
}

/** The same to whoever decodes it, with the same times. */
function isSame(a: AudioTrack, b: AudioTrack): boolean {
  const sound = a.codec === b.codec && a.sampleRate === b.sampleRate && a.channels === b.channels && sameBytes(a.config, b.config);
  return sound && a.id === b.id && a.timescale === b.timescale && a.flvHeader === b.flvHeader;
}
