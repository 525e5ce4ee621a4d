import { join } from "node:path";
import { readBoxHeader } from "../../containers/fmp4/box-reader.ts";
import { ProgressiveMovie } from "../../containers/fmp4/progressive-moov.ts";
import { readMoof } from "../../containers/fmp4/read-moof.ts";
import { type Movie, readMoov } from "../../containers/fmp4/read-moov.ts";
import type { Disk, DiskFile } from "../storage/disk.ts";
import type { DiskTurns } from "./disk-turns.ts";
import { DiskWindow } from "./disk-window.ts";

/** Bytes copied in one turn. */
const COPIED = 1024 * 1024;
/** What the name of a file ends in that is not complete; it begins with a dot. */
export const unfinishedEnd = ".part";

/** A file that is written beside another. */
export function unfinishedName(path: string): string {
  const slash = path.lastIndexOf("/") + 1;
  return `${path.slice(0, slash)}.${path.slice(slash)}${unfinishedEnd}`;
}

/** Where the payloads of a fragmented file lie. */
interface Found {
  readonly movie: ProgressiveMovie;
  /** The `uuid` box with what the file says of itself. */
  readonly facts: Uint8Array;
  readonly parts: readonly { readonly at: number; readonly length: number }[];
}

/**
 * Writes a complete fragmented MP4 file anew as a progressive one, with its index in front, and puts it in the place of the first. Whatever fails,
 * one of the two is there and whole.
 *
 * @returns the bytes of the new file
 */
export async function makeFaststart(disk: Disk, turns: DiskTurns, folder: string, path: string): Promise<number> {
  const unfinished = join(folder, unfinishedName(path));
  const from = await disk.open(join(folder, path), "read");
  try {
    const found = await find(from);
    await disk.unlink(unfinished).catch(() => undefined);
    const to = await disk.open(unfinished, "create");
    let size: number;
    try {
      size = await copy(turns, from, to, found);
    } finally {
      await to.close();
    }
    await disk.rename(unfinished, join(folder, path));
    await disk.syncFolder(join(folder, path, ".."));
    return size;
  } catch (error) {
    await disk.unlink(unfinished).catch(() => undefined);
    throw error;
  } finally {
    await from.close();
  }
}

async function find(file: DiskFile): Promise<Found> {
  const { size } = await file.stat();
  const window = new DiskWindow(file, size);
  let movie: Movie | undefined;
  let progressive: ProgressiveMovie | undefined;
  let facts: Uint8Array = new Uint8Array(0);
  const parts: { at: number; length: number }[] = [];
  let moof = 0;
  for (let at = 0; at < size;) {
    const header = readBoxHeader(await window.bytes(at, 16));
    if (header === undefined || header.size < header.headerSize) throw new Error(`no box at ${at}`);
    const whole = async (): Promise<Uint8Array> => (await window.bytes(at, header.size)).slice();
    if (header.type === "moov") progressive = new ProgressiveMovie((movie = readMoov((await whole()).subarray(header.headerSize))));
    else if (header.type === "uuid") facts = await whole();
    else if (header.type === "moof") moof = at;
    else if (header.type === "mdat" && movie !== undefined) {
      const bytes = await window.bytes(moof, at - moof);
      const length = header.size - header.headerSize;
      progressive!.fragment(readMoof(bytes.subarray(8), movie, { at: moof, ends: new Map() }).tracks, at - moof, length);
      parts.push({ at: at + header.headerSize, length });
    }
    at += header.size;
  }
  if (progressive === undefined || parts.length === 0) throw new Error("the file has no fragments");
  return { movie: progressive, facts, parts };
}

async function copy(turns: DiskTurns, from: DiskFile, to: DiskFile, { movie, facts, parts }: Found): Promise<number> {
  const header = movie.header(facts);
  await turns.run(() => to.write([header], 0));
  let position = header.length;
  // Many fragments in one write: as they lie in memory, one behind the other.
  let pending: Uint8Array[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    const taken = pending;
    pending = [];
    await turns.run(() => to.write(taken, position));
    position += bytes;
    bytes = 0;
  };
  for (const { at, length } of parts) {
    for (let done = 0; done < length; done += COPIED) {
      const piece = new Uint8Array(Math.min(COPIED, length - done));
      if ((await turns.run(() => from.read(piece, at + done))) < piece.length) throw new Error("the file became shorter");
      pending.push(piece);
      bytes += piece.length;
      if (bytes >= COPIED) await flush();
    }
  }
  if (bytes > 0) await flush();
  await turns.run(() => to.sync());
  return position;
}
