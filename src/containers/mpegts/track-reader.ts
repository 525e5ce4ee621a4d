/** One elementary stream of the program that is read, from its PES packets to the frames of a track. */
import type { AudioFormat } from "../../media/audio-format.ts";
import { ac3Format, adtsFormat, eac3Format, latmFormat, mpegAudioFormat } from "../../media/audio-format.ts";
import type { FrameSink } from "../../media/demuxer.ts";
import type { Track } from "../../media/track.ts";
import { AudioElementary } from "./audio-elementary.ts";
import { languageOf, opusChannelsOf } from "./descriptors.ts";
import type { Elementary, ElementarySink, ElementaryTrack } from "./elementary.ts";
import { TIMESCALE } from "./elementary.ts";
import { opusFormat } from "./opus-format.ts";
import type { PesSink } from "./pes-assembler.ts";
import { readPesHeader } from "./pes.ts";
import type { StampUnwrapper } from "./stamps.ts";
import { MpegVideoElementary } from "./mpeg-video-elementary.ts";
import { Form, isVideo } from "./stream-type.ts";
import type { VideoForm } from "./stream-type.ts";
import type { PmtStream } from "./tables.ts";
import { VideoElementary } from "./video-elementary.ts";

/** What a track reader shares with those of the other tracks. */
export interface TrackReaderOwner {
  readonly sink: FrameSink;
  readonly stamps: StampUnwrapper;
  /** An access unit was left out. */
  dropped(): void;
  /** A frame was given. */
  given(): void;
}

/** How the reader's track is named among the others. */
export interface TrackPlace {
  readonly id: number;
  readonly isDefault: boolean;
}

export class TrackReader implements PesSink, ElementarySink {
  readonly place: TrackPlace;
  readonly #owner: TrackReaderOwner;
  readonly #elementary: Elementary;
  #language: string | undefined;
  #found: ElementaryTrack | undefined;

  /** @throws ProtocolError of a form that its descriptors make unreadable */
  constructor(form: Form, stream: PmtStream, place: TrackPlace, owner: TrackReaderOwner) {
    this.place = place;
    this.#owner = owner;
    this.#language = languageOf(stream.descriptors);
    this.#elementary = elementaryOf(form, stream, this);
  }

  /** Takes what a later PMT says of the stream. */
  describe(stream: PmtStream): void {
    const language = languageOf(stream.descriptors);
    if (language === this.#language) return;
    this.#language = language;
    if (this.#found !== undefined) this.track(this.#found);
  }

  pes(packet: Uint8Array): void {
    const header = readPesHeader(packet);
    const stamps = header?.stamps && this.#owner.stamps.unwrap(header.stamps);
    if (header === undefined || (header.stamps !== undefined && stamps === undefined)) {
      this.#owner.dropped();
      return this.#elementary.interrupted();
    }
    if (header.payload < packet.length) this.#elementary.packet(packet.subarray(header.payload), stamps, header.isFull);
  }

  interrupted(): void {
    this.#elementary.interrupted();
  }

  flush(): void {
    this.#elementary.flush();
  }

  track(found: ElementaryTrack): void {
    this.#found = found;
    const language = this.#language === undefined ? {} : { language: this.#language };
    this.#owner.sink.track({ ...found, ...this.place, timescale: TIMESCALE, ...language } satisfies Track);
  }

  frame(frame: Parameters<ElementarySink["frame"]>[0]): void {
    this.#owner.given();
    this.#owner.sink.frame({ track: this.place.id, ...frame });
  }

  dropped(): void {
    this.#owner.dropped();
  }
}

function elementaryOf(form: Form, stream: PmtStream, sink: ElementarySink): Elementary {
  if (form === Form.avc || form === Form.hevc) return new VideoElementary(form, sink);
  if (isVideo(form)) return new MpegVideoElementary(form === Form.mpeg4Video, sink);
  return new AudioElementary(audioFormat(form, stream), sink);
}

function audioFormat(form: Exclude<Form, VideoForm>, { descriptors }: PmtStream): AudioFormat {
  switch (form) {
    case Form.adts:
      return adtsFormat();
    case Form.latm:
      return latmFormat();
    case Form.mpegAudio:
      return mpegAudioFormat;
    case Form.ac3:
      return ac3Format;
    case Form.eac3:
      return eac3Format;
    case Form.opus:
      return opusFormat(opusChannelsOf(descriptors)!);
  }
}
