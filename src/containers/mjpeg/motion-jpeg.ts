/** Motion JPEG by itself: one picture after the other, bare or as the parts of a multipart response. */
import { Writer } from "../../bytes/writer.ts";
import { codecNames } from "../../media/codec-name.ts";
import type { Frame } from "../../media/frame.ts";
import { wholeJpeg } from "../../media/jpeg.ts";
import type { Muxer, MuxerFactory, MuxerSink } from "../../media/muxer.ts";
import { NotCarried } from "../../media/muxer.ts";
import { toMicros } from "../../media/time.ts";
import { Codec, TrackKind } from "../../media/track.ts";
import type { Generation, Track } from "../../media/track.ts";

/** Why a stream of JPEG pictures cannot have the track, in words for a viewer; undefined where it can. */
export function notCarriedByMotionJpeg({ codec }: Track): string | undefined {
  return codec === Codec.mjpeg ? undefined : `Motion JPEG has pictures of that codec only, not of ${codecNames[codec]}`;
}

/** What separates the parts: the word that ffserver had there, which its clients may look for. */
export const multipartBoundary = "ffserver";

const ascii = new TextEncoder();
const partEnd = ascii.encode(`\r\n--${multipartBoundary}\r\n`);

/** JPEG after JPEG, with nothing between them. */
export function mjpegMuxer(): MuxerFactory {
  return (sink) => new MotionJpegMuxer(sink, { head: new Uint8Array(0), picture: (parts) => parts });
}

/**
 * A part of `multipart/x-mixed-replace` for every picture. Its boundary follows each picture at once: browsers show a part when they have seen its
 * end.
 */
export function mpjpegMuxer(): MuxerFactory {
  return (sink) => new MotionJpegMuxer(sink, { head: ascii.encode(`--${multipartBoundary}\r\n`), picture: multipartPicture });
}

function multipartPicture(parts: readonly Uint8Array[]): readonly Uint8Array[] {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = new Writer(64).ascii(`Content-type: image/jpeg\r\nContent-length: ${length}\r\n\r\n`).done();
  return [head, ...parts, partEnd];
}

interface PictureWriter {
  /** Before the first picture of a viewer. */
  readonly head: Uint8Array;
  picture(parts: readonly Uint8Array[]): readonly Uint8Array[];
}

class MotionJpegMuxer implements Muxer {
  readonly #sink: MuxerSink;
  readonly #writer: PictureWriter;
  #track: Track | undefined;

  constructor(sink: MuxerSink, writer: PictureWriter) {
    this.#sink = sink;
    this.#writer = writer;
  }

  /** Throws `NotCarried` where there is no Motion JPEG. Every picture says all by itself: viewers go on whatever changes. */
  generation({ tracks }: Generation): void {
    const videos = tracks.filter(({ kind }) => kind === TrackKind.video);
    const pictures = videos.filter((track) => notCarriedByMotionJpeg(track) === undefined);
    const isFirst = this.#track === undefined;
    const track = pictures.find(({ isDefault }) => isDefault) ?? pictures[0];
    if (track === undefined) throw new NotCarried([...new Set(videos.map(notCarriedByMotionJpeg))].join("; ") || "the stream has no video");
    this.#track = track;
    if (isFirst) this.#sink.init({ bytes: this.#writer.head, change: new Uint8Array(0) });
  }

  frame(frame: Frame): void {
    const track = this.#track;
    if (frame.track !== track?.id || frame.data.length === 0) return;
    const parts = this.#writer.picture(wholeJpeg(frame.data));
    this.#sink.chunk({ parts, dts: toMicros(frame.dts, track.timescale), randomAccess: true, urgent: true });
  }

  /** Pictures carry no times. */
  discontinuity(): void {}

  /** Nothing is held back. */
  flush(): void {}
}
