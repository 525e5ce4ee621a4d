/** Documents for the tests of this folder, and what is read from them. */
import { joined } from "../../bytes/joined.ts";
import type { SourceFrame } from "../../media/demuxer.ts";
import type { Metadata, Track } from "../../media/track.ts";
import { MatroskaDemuxer } from "./demuxer.ts";
import { DocType, ebmlHeader } from "./document.ts";
import { element, floatElement, textElement, UNKNOWN_SIZE, unsignedElement } from "./ebml.ts";
import { ElementId } from "./ids.ts";

export const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.replaceAll(" ", "").match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** An id as it stands in a file, and the size that says "unknown". */
export function open(id: number): Uint8Array {
  return joined([element(id).subarray(0, -1), Uint8Array.from(UNKNOWN_SIZE)]);
}

/** A document of unknown length up to its first cluster. */
export function document(entries: readonly Uint8Array[], info: readonly Uint8Array[] = []): Uint8Array {
  return joined([
    ebmlHeader(DocType.matroska),
    open(ElementId.segment),
    element(ElementId.info, ...info),
    element(ElementId.tracks, ...entries),
  ]);
}

/** A cluster of unknown size. */
export function cluster(time: number, ...children: readonly Uint8Array[]): Uint8Array {
  return joined([open(ElementId.cluster), unsignedElement(ElementId.timestamp, time), ...children]);
}

export function entry(number: number, codecId: string, ...more: readonly Uint8Array[]): Uint8Array {
  const type = unsignedElement(ElementId.trackType, codecId.startsWith("V_") ? 1 : 2);
  return element(
    ElementId.trackEntry,
    unsignedElement(ElementId.trackNumber, number),
    type,
    textElement(ElementId.codecId, codecId),
    ...more,
  );
}

export function audioSettings(rate: number, channels: number, ...more: readonly Uint8Array[]): Uint8Array {
  return element(ElementId.audio, floatElement(ElementId.samplingFrequency, rate), unsignedElement(ElementId.channels, channels), ...more);
}

/** The body of a block of a track below 127. */
export function blockBody(track: number, time: number, flags: number, data: Uint8Array): Uint8Array {
  return joined([Uint8Array.of(0x80 | track, (time >> 8) & 255, time & 255, flags), data]);
}

/** A SimpleBlock that calls itself a key frame. */
export function simple(track: number, time: number, data: Uint8Array, flags = 0x80): Uint8Array {
  return element(ElementId.simpleBlock, blockBody(track, time, flags, data));
}

/** H.264 of 1280 by 720 pixels, B-frames two deep. */
export const avcRecord = hex("0164001fffe1001a6764001facd9405005bb011000000300100000030300f183196001000468efbcb0fdf8f800");
/** The same with parameter sets and picture behind start codes. */
export const annexB = hex("00000001 6764001facd9405005bb011000000300100000030300f1831960 00000001 68efbcb0 000001 65b80004");
export const avc = (number = 1): Uint8Array => entry(number, "V_MPEG4/ISO/AVC", element(ElementId.codecPrivate, avcRecord));
export const aac = (number = 2): Uint8Array =>
  entry(number, "A_AAC", element(ElementId.codecPrivate, hex("1190")), audioSettings(48_000, 2));

/** A picture of one slice. */
export const idr = hex("00000004 65b80004");
export const slice = hex("00000004 41b80004");

/** What came out of a demuxer. */
export interface Read {
  readonly tracks: Track[];
  readonly frames: SourceFrame[];
  readonly metadata: Metadata[];
  readonly announced: { readonly video: boolean; readonly audio: boolean }[];
  readonly demuxer: MatroskaDemuxer;
}

export function read(pieces: Iterable<Uint8Array>): Read {
  const [tracks, frames, metadata, announced]: [Track[], SourceFrame[], Metadata[], Read["announced"]] = [[], [], [], []];
  const demuxer = new MatroskaDemuxer({
    announce: (kinds) => announced.push(kinds),
    metadata: (values) => metadata.push(values),
    track: (track) => tracks.push(track),
    frame: (frame) => frames.push(frame),
  });
  for (const piece of pieces) demuxer.push(piece);
  return { tracks, frames, metadata, announced, demuxer };
}

/** Bytes in pieces of these lengths, over and over. */
export function* cut(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const length = lengths[i % lengths.length]!;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}
