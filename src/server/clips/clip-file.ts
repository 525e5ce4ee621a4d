import { joined } from "../../bytes/joined.ts";
import { oneBox, readBoxes } from "../../containers/fmp4/box-reader.ts";
import { Fmp4FileMuxer } from "../../containers/fmp4/file-muxer.ts";
import { ProgressiveMovie } from "../../containers/fmp4/progressive-moov.ts";
import { readMoof } from "../../containers/fmp4/read-moof.ts";
import { type Movie, readMoov } from "../../containers/fmp4/read-moov.ts";
import type { Frame } from "../../media/frame.ts";
import { tracksInMp4 } from "../recording/file-muxer.ts";
import { rebased } from "../recording/piece.ts";
import type { ClipFrames } from "./clip-frames.ts";

/** A progressive MP4 with its index in front. */
export interface ClipFile {
  /** The parts one behind the other; payloads are views of the frames. */
  readonly parts: readonly Uint8Array[];
  /** Bytes of all of them. */
  readonly size: number;
}

/** Milliseconds of media whose payloads lie together, track by track. */
const interleaved = 500;
/** Bytes of the header of `mdat` behind each `moof`. */
const mdatHeader = 8;

/** Writes frames as they are into an MP4 that shows exactly what was asked for. @throws NotCarried where MP4 carries none of the tracks */
export function clipFile({ generation, frames, from, to }: ClipFrames): ClipFile {
  const tracks = tracksInMp4(generation.tracks);
  const timescales = new Map(generation.tracks.map(({ id, timescale }) => [id, timescale]));
  const time = ({ track, dts }: Frame): number => (dts * 1000) / (timescales.get(track) ?? 1000);
  const epoch = Math.floor(frames.reduce((least, frame) => Math.min(least, time(frame)), Infinity));
  const muxer = new Fmp4FileMuxer(tracks, () => 0);
  const movie = movieOf(joined(muxer.begin()));
  const progressive = new ProgressiveMovie(movie, { from: from - epoch, to: to - epoch });
  const payloads: Uint8Array[] = [];
  const add = (parts: readonly Uint8Array[]): void => {
    const [head, ...samples] = parts;
    if (head === undefined) return;
    // Behind the payloads is a box with a checksum, for files that are read while they are written.
    samples.pop();
    const moofSize = head.length - mdatHeader;
    const length = samples.reduce((sum, { length: each }) => sum + each, 0);
    progressive.fragment(readMoof(head.subarray(8, moofSize), movie, { at: 0, ends: new Map() }).tracks, moofSize, length);
    for (const sample of samples) payloads.push(sample);
  };
  for (const group of grouped(frames, time)) add(muxer.fragment(rebased(group, generation.tracks, epoch)));
  add(muxer.interrupt());
  const header = progressive.header(new Uint8Array(0));
  return { parts: [header, ...payloads], size: header.length + progressive.payload };
}

function movieOf(init: Uint8Array): Movie {
  return readMoov(oneBox(readBoxes(init), "moov").payload);
}

function* grouped(frames: readonly Frame[], time: (frame: Frame) => number): Generator<Frame[]> {
  let group: Frame[] = [];
  let begun = 0;
  for (const frame of frames) {
    if (group.length > 0 && time(frame) - begun >= interleaved) {
      yield group;
      group = [];
    }
    if (group.length === 0) begun = time(frame);
    group.push(frame);
  }
  if (group.length > 0) yield group;
}
