/** Reads `moov` (ISO/IEC 14496-12 8.2.1) of a fragmented file: the tracks and how to decode them. */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import { maybeBox, oneBox, readBoxes } from "./box-reader.ts";
import type { Box } from "./box-reader.ts";
import { box, fields } from "./boxes.ts";
import { ftyp } from "./init.ts";
import { audioEntrySize, visualEntrySize } from "./sample-entry.ts";

const mostTracks = 64;
/** Entries of an edit list that are looked at. */
const mostEdits = 16;

/** What samples have where their fragment does not say (trex, tfhd). */
export interface SampleDefaults {
  readonly duration: number;
  readonly size: number;
  readonly flags: number;
}

/** One track of an init segment. */
export interface MovieTrack {
  readonly id: number;
  readonly kind: "video" | "audio" | "other";
  /** Ticks per second, above 0. */
  readonly timescale: number;
  /** Ticks to be added to all times, as the edit list says (8.6.6): where the track begins in the movie. Often 0. */
  readonly edit: number;
  /** ISO 639-2/T. */
  readonly language: string;
  /** Four-character code of the sample entry. */
  readonly entryType: string;
  /** The boxes in the sample entry, the decoder configuration among them. */
  readonly entryBoxes: readonly Box[];
  /** Pixels; 0 for others than video. */
  readonly width: number;
  readonly height: number;
  /** As the sample entry says; 0 for others than audio. */
  readonly channels: number;
  readonly sampleRate: number;
  readonly defaults: SampleDefaults;
  /** The `trak` and `trex` boxes themselves. */
  readonly trak: Uint8Array;
  readonly trex: Uint8Array;
}

/** What an init segment says. Holds views of it. */
export interface Movie {
  readonly mvhd: Uint8Array;
  readonly tracks: readonly MovieTrack[];
}

/** Whether a movie's media come in fragments. @param payload of the `moov` box */
export function isFragmented(payload: Uint8Array): boolean {
  return maybeBox(readBoxes(payload), "mvex") !== undefined;
}

/** @param payload of the `moov` box; the movie holds views of it */
export function readMoov(payload: Uint8Array): Movie {
  const boxes = readBoxes(payload);
  const mvex = maybeBox(boxes, "mvex");
  if (mvex === undefined) throw new ProtocolError("unsupported", "the MP4 is not fragmented: its moov box has no mvex box");
  const extensions = readBoxes(mvex.payload).filter((each) => each.type === "trex");
  const mvhd = oneBox(boxes, "mvhd");
  const tracks = readTraks(boxes).map((parts) => {
    const trex = extensions.find((each) => new Reader(each.payload.subarray(4)).u32() === parts.id);
    if (trex === undefined) throw new ProtocolError("malformed", `track ${parts.id} has no trex`);
    return readTrak(parts, mvhd, trex);
  });
  return { mvhd: mvhd.bytes, tracks };
}

/** A track of a file that is not fragmented, with the boxes that say where its samples are (8.5.1). */
export interface TabledTrack {
  readonly track: MovieTrack;
  readonly table: readonly Box[];
}

/** The same for a file that is not fragmented. */
export function readTabledMoov(payload: Uint8Array): TabledTrack[] {
  const boxes = readBoxes(payload);
  const mvhd = oneBox(boxes, "mvhd");
  return readTraks(boxes).map((parts) => ({ track: readTrak(parts, mvhd, undefined), table: parts.table }));
}

/**
 * `ftyp moov` with one of the movie's tracks, enabled whether or not it was: players want a SourceBuffer for each
 * track. Undefined where there is no such track.
 */
export function initForTrack(movie: Movie, id: number): Uint8Array | undefined {
  const track = movie.tracks.find((each) => each.id === id);
  if (track === undefined) return undefined;
  const moov = box("moov", movie.mvhd, enabled(track.trak), box("mvex", track.trex));
  return fields((out) => out.bytes(ftyp()).bytes(moov));
}

/** A copy of a trak whose tkhd has the flags enabled, in movie, in preview. */
function enabled(trak: Uint8Array): Uint8Array {
  const copy = new Uint8Array(trak); // not slice(): a Buffer's shares its memory
  for (const top of readBoxes(copy)) oneBox(readBoxes(top.payload), "tkhd").payload[3]! |= 7;
  return copy;
}

/** A `trak` box taken apart. */
interface TrakParts {
  readonly id: number;
  readonly trak: Box;
  readonly boxes: readonly Box[];
  readonly media: readonly Box[];
  readonly table: readonly Box[];
}

function readTraks(moov: readonly Box[]): TrakParts[] {
  const traks = moov.filter((each) => each.type === "trak");
  if (traks.length > mostTracks) throw new ProtocolError("limit", `${traks.length} tracks, at most ${mostTracks} allowed`);
  const all = traks.map((trak) => {
    const boxes = readBoxes(trak.payload);
    const media = readBoxes(oneBox(boxes, "mdia").payload);
    const table = readBoxes(oneBox(readBoxes(oneBox(media, "minf").payload), "stbl").payload);
    return { id: readTkhd(oneBox(boxes, "tkhd")), trak, boxes, media, table };
  });
  if (new Set(all.map(({ id }) => id)).size < all.length) throw new ProtocolError("malformed", "two tracks with one id");
  return all;
}

function readTrak({ id, trak, boxes, media, table }: TrakParts, mvhd: Box, trex: Box | undefined): MovieTrack {
  const kind = readHdlr(oneBox(media, "hdlr"));
  const header = readMdhd(oneBox(media, "mdhd"));
  const edits = maybeBox(boxes, "edts");
  return {
    id,
    kind,
    ...header,
    edit: edits === undefined ? 0 : readEdts(edits, mvhd, header.timescale),
    ...readSampleEntry(oneBox(table, "stsd"), kind),
    defaults: trex === undefined ? { duration: 0, size: 0, flags: 0 } : readTrex(trex),
    trak: trak.bytes,
    trex: trex?.bytes ?? new Uint8Array(0),
  };
}

/** A FullBox's reader, past version and flags. */
function body(full: Box): { version: number; reader: Reader } {
  const reader = new Reader(full.payload);
  const version = reader.u8();
  reader.skip(3);
  return { version, reader };
}

function readTkhd(tkhd: Box): number {
  const { version, reader } = body(tkhd);
  reader.skip(version === 1 ? 16 : 8);
  return reader.u32();
}

function readHdlr(hdlr: Box): MovieTrack["kind"] {
  const { reader } = body(hdlr);
  reader.skip(4);
  const type = reader.fourCc();
  return type === "vide" ? "video" : type === "soun" ? "audio" : "other";
}

function readMdhd(mdhd: Box): { timescale: number; language: string } {
  const timescale = readTimescale(mdhd);
  const { version, reader } = body(mdhd);
  reader.skip(version === 1 ? 28 : 16);
  const packed = reader.u16();
  const language = String.fromCharCode(((packed >> 10) & 31) + 0x60, ((packed >> 5) & 31) + 0x60, (packed & 31) + 0x60);
  return { timescale, language };
}

/**
 * The start of the track in its own ticks: empty edits before it less the media time that it begins at. Later edits mean
 * nothing in a fragmented file.
 */
function readEdts(edts: Box, mvhd: Box, timescale: number): number {
  const elst = maybeBox(readBoxes(edts.payload), "elst");
  if (elst === undefined) return 0;
  const { version, reader } = body(elst);
  const movieTimescale = readTimescale(mvhd);
  let empty = 0;
  for (let left = Math.min(reader.u32(), mostEdits); left > 0; left--) {
    const duration = version === 1 ? reader.u64() : reader.u32();
    const [high, low] = version === 1 ? [reader.u32(), reader.u32()] : [0, reader.u32()];
    reader.skip(4); // media_rate
    const isEmpty = low === 0xffff_ffff && high === (version === 1 ? 0xffff_ffff : 0);
    if (!isEmpty) return Math.round((empty * timescale) / movieTimescale) - (high * 0x1_0000_0000 + low);
    empty += duration;
  }
  return 0;
}

function readTimescale(header: Box): number {
  const { version, reader } = body(header);
  reader.skip(version === 1 ? 16 : 8);
  const timescale = reader.u32();
  if (timescale === 0) throw new ProtocolError("malformed", "timescale 0");
  return timescale;
}

type SampleEntry = Pick<MovieTrack, "entryType" | "entryBoxes" | "width" | "height" | "channels" | "sampleRate">;

/** The first sample entry; live streams have one. */
function readSampleEntry(stsd: Box, kind: MovieTrack["kind"]): SampleEntry {
  const { reader } = body(stsd);
  if (reader.u32() === 0) throw new ProtocolError("malformed", "no sample entry");
  const entry = readBoxes(reader.rest())[0];
  if (entry === undefined) throw new ProtocolError("malformed", "no sample entry");
  const found = { entryType: entry.type, entryBoxes: [] as readonly Box[], width: 0, height: 0, channels: 0, sampleRate: 0 };
  const head = new Reader(entry.payload);
  if (kind === "video") {
    head.skip(24);
    const [width, height] = [head.u16(), head.u16()];
    head.skip(visualEntrySize - 28);
    return { ...found, width, height, entryBoxes: readBoxes(head.rest()) };
  }
  if (kind === "audio") {
    head.skip(8);
    const version = head.u16();
    head.skip(6);
    const channels = head.u16();
    head.skip(6);
    const sampleRate = head.u16();
    head.skip(audioEntrySize - 26);
    return { ...found, channels, sampleRate, entryBoxes: audioBoxes(head, version) };
  }
  return found;
}

/** QuickTime has more fields in later versions of an audio entry, and may put the configuration one level deeper. */
function audioBoxes(head: Reader, version: number): readonly Box[] {
  if (version === 1) head.skip(16);
  if (version === 2) head.skip(36);
  const boxes = readBoxes(head.rest());
  const wave = version === 0 ? undefined : maybeBox(boxes, "wave");
  return wave === undefined ? boxes : [...boxes, ...readBoxes(withoutTerminator(wave.payload))];
}

/** A QuickTime list of boxes may end with a size of 0. */
function withoutTerminator(bytes: Uint8Array): Uint8Array {
  for (let at = 0; at + 8 <= bytes.length;) {
    const size = new Reader(bytes.subarray(at)).u32();
    if (size < 8) return bytes.subarray(0, at);
    at += size;
  }
  return bytes;
}

function readTrex(trex: Box): SampleDefaults {
  const { reader } = body(trex);
  reader.skip(8);
  return { duration: reader.u32(), size: reader.u32(), flags: reader.u32() };
}

/** Of a track, the payload of a configuration box of its sample entry (`avcC`), or undefined. */
export function configBox(track: MovieTrack, type: string): Uint8Array | undefined {
  return maybeBox(track.entryBoxes, type)?.payload;
}
