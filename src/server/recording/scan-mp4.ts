import { ProtocolError } from "../../bytes/protocol-error.ts";
import { oneBox, readBoxes, readBoxHeader } from "../../containers/fmp4/box-reader.ts";
import { readChecksum } from "../../containers/fmp4/file-muxer.ts";
import { readTrack } from "../../containers/fmp4/media-track.ts";
import { readMoof } from "../../containers/fmp4/read-moof.ts";
import { isFragmented, type Movie, type MovieTrack, readMoov, readTabledMoov } from "../../containers/fmp4/read-moov.ts";
import { Reader } from "../../bytes/reader.ts";
import { sameBytes } from "../../bytes/same-bytes.ts";
import type { DiskWindow } from "./disk-window.ts";
import { type FileFacts, factsUuid, readFacts } from "./file-facts.ts";
import { crcOf } from "./file-muxer.ts";
import { type RecordedTrack, recordedTrack } from "./recorded.ts";
import type { ScannedFile } from "./scanned.ts";

/** Bytes of a header box, and of a fragment, that are read. */
const LARGEST_HEADER = 1024 * 1024;
const LARGEST_TABLES = 512 * 1024 * 1024;
const LARGEST_MOOF = 16 * 1024 * 1024;
const LARGEST_FRAGMENT = 256 * 1024 * 1024;
/** Fragments at the end whose checksums are looked at: no more than these were on their way to the disk at a time. */
const CHECKED = 4;

interface Fragment {
  readonly at: number;
  readonly end: number;
  /** Milliseconds. */
  readonly until: number;
}

/** Where in a file a scan stands. */
interface Scan {
  facts: FileFacts | undefined;
  movie: Movie | undefined;
  /** Of a file that was written anew with its index in front. */
  progressive: { readonly tracks: readonly MovieTrack[]; readonly duration: number } | undefined;
  /** The last fragments. */
  last: Fragment[];
  size: number;
  duration: number;
  isComplete: boolean;
}

/** Reads what is whole of a fragmented MP4 file of ours, by the lengths of its boxes and the checksums of its last fragments. */
export async function scanMp4(window: DiskWindow): Promise<ScannedFile> {
  const scan: Scan = { facts: undefined, movie: undefined, progressive: undefined, last: [], size: 0, duration: 0, isComplete: false };
  try {
    while (await next(window, scan));
  } catch (error) {
    // What is no box, or one that contradicts itself: what comes before it is whole.
    if (!(error instanceof ProtocolError)) throw error;
  }
  for (const fragment of scan.last) {
    if (await isWhole(window, fragment)) continue;
    const before = scan.last[scan.last.indexOf(fragment) - 1];
    return result({ ...scan, size: fragment.at, duration: before?.until ?? 0, isComplete: false });
  }
  return result(scan);
}

function result({ facts, size, duration, isComplete, movie, progressive }: Scan): ScannedFile {
  return { facts, size, duration: Math.round(duration), isComplete, tracks: tracksOf(movie?.tracks ?? progressive?.tracks ?? []) };
}

/** Reads one box. False at the end of what is whole. */
async function next(window: DiskWindow, scan: Scan): Promise<boolean> {
  const at = scan.size;
  const header = readBoxHeader(await window.bytes(at, 16));
  if (header === undefined || header.size < header.headerSize || at + header.size > window.size) return false;
  switch (header.type) {
    case "moov": {
      const moov = await payload(window, at, header, LARGEST_TABLES);
      if (isFragmented(moov)) scan.movie = readMoov(moov);
      else scan.progressive = { tracks: readTabledMoov(moov).map(({ track }) => track), duration: movieDuration(moov) };
      break;
    }
    case "uuid":
      scan.facts ??= factsIn(await payload(window, at, header, LARGEST_HEADER));
      break;
    case "moof":
      return readFragment(window, scan, header);
    case "mdat":
      if (scan.progressive === undefined) return false;
      scan.duration = scan.progressive.duration;
      scan.isComplete = at + header.size === window.size;
      break;
    case "mfra":
      scan.isComplete = at + header.size === window.size;
      break;
    case "ftyp":
    case "free":
      break;
    default:
      return false;
  }
  scan.size = at + header.size;
  return true;
}

async function readFragment(
  window: DiskWindow,
  scan: Scan,
  header: { readonly size: number; readonly headerSize: number },
): Promise<boolean> {
  const at = scan.size;
  if (scan.movie === undefined) return false;
  const { tracks } = readMoof(await payload(window, at, header, LARGEST_MOOF), scan.movie, { at, ends: new Map() });
  const mdat = at + header.size;
  const data = readBoxHeader(await window.bytes(mdat, 16));
  if (data?.type !== "mdat" || data.size < data.headerSize || mdat + data.size > window.size) return false;
  let end = mdat + data.size;
  if (readChecksum(await window.bytes(end, 16)) !== undefined) end += 16;
  for (const { trackId, decodeTime, samples } of tracks) {
    const timescale = scan.movie.tracks.find(({ id }) => id === trackId)?.timescale ?? 1;
    const length = samples.reduce((sum, { duration }) => sum + duration, 0);
    scan.duration = Math.max(scan.duration, ((decodeTime + length) * 1000) / timescale);
  }
  scan.last = [...scan.last, { at, end, until: scan.duration }].slice(-CHECKED);
  scan.size = end;
  return true;
}

async function isWhole(window: DiskWindow, { at, end }: Fragment): Promise<boolean> {
  if (end - at > LARGEST_FRAGMENT) return true;
  const bytes = await window.bytes(at, end - at);
  const told = readChecksum(bytes.subarray(-16));
  return told !== undefined && told === crcOf([bytes.subarray(0, -16)]);
}

async function payload(
  window: DiskWindow,
  at: number,
  { size, headerSize }: { readonly size: number; readonly headerSize: number },
  most: number,
): Promise<Uint8Array> {
  if (size > most) throw new ProtocolError("limit", `box of ${size} bytes`);
  // What is kept of it must not be a view of the window.
  return (await window.bytes(at + headerSize, size - headerSize)).slice();
}

/** Milliseconds, as an `mvhd` of version 1 has them (ISO/IEC 14496-12 8.2.2). */
function movieDuration(moov: Uint8Array): number {
  const reader = new Reader(oneBox(readBoxes(moov), "mvhd").payload);
  const isLong = reader.u8() === 1;
  reader.skip(3 + (isLong ? 16 : 8));
  const timescale = reader.u32();
  return ((isLong ? reader.u64() : reader.u32()) * 1000) / Math.max(1, timescale);
}

function factsIn(bytes: Uint8Array): FileFacts | undefined {
  if (bytes.length < 16 || !sameBytes(bytes.subarray(0, 16), factsUuid)) return undefined;
  return readFacts(new TextDecoder().decode(bytes.subarray(16)));
}

function tracksOf(tracks: readonly MovieTrack[]): RecordedTrack[] {
  return tracks.flatMap((track) => {
    try {
      const read = readTrack(track, true);
      return read === undefined ? [] : [recordedTrack(read.track)];
    } catch (error) {
      // Its configuration is damaged, as it was when it was recorded.
      if (error instanceof ProtocolError) return [];
      throw error;
    }
  });
}
