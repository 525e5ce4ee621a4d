import { randomBytes } from "node:crypto";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { BlockHeader } from "../../containers/ring/block.ts";
import { BLOCK_HEAD, blockHeaderLength, decodeBlockHeader, MAX_IN_FORCE } from "../../containers/ring/block.ts";
import type { RingFileHeader } from "../../containers/ring/file-header.ts";
import { decodeFileHeader, encodeFileHeader, FIRST_BLOCK, geometry } from "../../containers/ring/file-header.ts";
import type { RingWrites } from "../../containers/ring/ring-encoder.ts";
import type { Disk, DiskFile } from "../storage/disk.ts";
import { errorCode, FeedFileError, reasonOf } from "./feed-file-error.ts";
import { RingIndex } from "./ring-index.ts";

/** Block headers that are read at one time when a file is opened. */
const SCAN_WIDTH = 8;

/** An open ring file: where its blocks are, and which of them hold what. */
export class RingFile {
  readonly header: RingFileHeader;
  readonly index = new RingIndex();
  readonly path: string;
  /** Tells whether the path still leads to this file. */
  readonly identity: string;
  readonly #file: DiskFile;
  /** How far it is written; block -1 where it is empty. */
  end: { readonly block: number; readonly length: number } = { block: -1, length: 0 };

  constructor(path: string, header: RingFileHeader, file: DiskFile, identity: string) {
    this.path = path;
    this.header = header;
    this.#file = file;
    this.identity = identity;
  }

  readonly checksum = (data: Uint8Array, value?: number): number => crc32(data, value);
  readonly draw = (): number => randomBytes(4).readUInt32BE();

  /** Bytes of a block that may be read; undefined for one that has not come. */
  written(block: number): number | undefined {
    if (block > this.end.block || this.end.block === -1) return undefined;
    return block === this.end.block ? this.end.length : this.header.blockSize;
  }

  decodeHeader(bytes: Uint8Array): { readonly header: BlockHeader; readonly length: number } {
    return decodeBlockHeader(bytes, this.header.id, this.checksum);
  }

  /** Bytes of one block; fewer where the file ends. */
  async read(block: number, offset: number, length: number): Promise<Uint8Array> {
    const into = Buffer.allocUnsafeSlow(length);
    return into.subarray(0, await this.#file.read(into, this.#position(block) + offset));
  }

  /** Writes what an encoder made. Who reads sees it once all of it is written; what it takes the place of is gone before. */
  async write({ writes, begun, points, end }: RingWrites): Promise<void> {
    const last = begun.at(-1);
    if (last !== undefined) this.index.dropBefore(last.block - this.header.blocks + 1);
    const forgetting = begun.findLast(({ forgets }) => forgets);
    if (forgetting !== undefined) this.index.dropBefore(forgetting.block);
    for (const { position, bytes } of writes) await this.#file.write([bytes], position);
    for (const { block, sequence } of begun) this.index.addBlock(block, sequence);
    for (const point of points) this.index.addPoint(point);
    this.end = end;
  }

  sync(): Promise<void> {
    return this.#file.sync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /**
   * Finds the blocks of an earlier run by their headers: those of the newest round and, behind its end, of the one before. Blocks
   * that are damaged are left out.
   *
   * @returns the headers, the oldest first
   */
  async scan(): Promise<readonly BlockHeader[]> {
    const { blocks, blockSize } = this.header;
    const { size } = await this.#file.stat();
    const slots = Math.min(blocks, Math.ceil(Math.max(0, size - FIRST_BLOCK) / blockSize));
    const found: BlockHeader[] = [];
    let next = 0;
    const scanner = async (): Promise<void> => {
      while (next < slots) {
        const slot = next++;
        const header = await this.#headerAt(slot);
        if (header !== undefined && header.block % blocks === slot) found.push(header);
      }
    };
    await Promise.all(Array.from({ length: SCAN_WIDTH }, scanner));
    const newest = found.reduce((most, { block }) => Math.max(most, block), -1);
    const there = found.filter(({ block }) => block > newest - blocks).sort((a, b) => a.block - b.block);
    const kept = there.slice(
      Math.max(
        0,
        there.findLastIndex(({ forgets }) => forgets),
      ),
    );
    for (const { block, sequence } of kept) this.index.addBlock(block, sequence);
    if (newest >= 0) this.end = { block: newest, length: blockSize };
    return kept;
  }

  async #headerAt(slot: number): Promise<BlockHeader | undefined> {
    try {
      let bytes = await this.read(slot, 0, 4096);
      if (bytes.length < BLOCK_HEAD) return undefined;
      const length = blockHeaderLength(bytes);
      if (length > BLOCK_HEAD + MAX_IN_FORCE) return undefined;
      if (length > bytes.length) bytes = await this.read(slot, 0, length);
      return this.decodeHeader(bytes).header;
    } catch (error) {
      if (error instanceof ProtocolError) return undefined;
      throw error;
    }
  }

  #position(block: number): number {
    return FIRST_BLOCK + (block % this.header.blocks) * this.header.blockSize;
  }
}

/**
 * Looks whether a path is free for a feed's file, or has one, and changes nothing.
 *
 * @throws {FeedFileError}
 */
export async function checkRingFile(disk: Disk, path: string): Promise<void> {
  return orFeedFileError(path, async () => {
    if (!(await isThere(disk, path))) return;
    const file = await disk.open(path, "read");
    try {
      await readHeader(path, file);
    } finally {
      await file.close();
    }
  });
}

/**
 * Opens a feed's file, or makes it where there is none. Nobody else may do so meanwhile.
 *
 * @param created Unix milliseconds, for a new one
 * @throws {FeedFileError}
 */
export async function openRingFile(disk: Disk, path: string, maxSize: number, created: number): Promise<RingFile> {
  return orFeedFileError(path, async () => {
    if (await isThere(disk, path)) return openExisting(disk, path, maxSize, created);
    return makeRingFile(disk, path, maxSize, created);
  });
}

/** Whether a file is at a path. @throws {FeedFileError} where something else is */
export async function isThere(disk: Disk, path: string): Promise<boolean> {
  const stat = await disk.stat(path).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  });
  switch (stat?.kind) {
    case undefined:
      return false;
    case "file":
      return true;
    case "link":
      throw new FeedFileError(path, reasonOf({ code: "ELOOP" }));
    case "folder":
      throw new FeedFileError(path, reasonOf({ code: "EISDIR" }));
    case "other":
      throw new FeedFileError(path, "is a device, a pipe or a socket; name a file");
  }
}

/** A ring file that is only read, as it is now. @throws {FeedFileError} where it is none of ours, or empty */
export async function readRingFile(path: string, file: DiskFile): Promise<RingFile> {
  const header = await readHeader(path, file);
  if (header === undefined) throw new FeedFileError(path, "is empty, and for reading only");
  return new RingFile(path, header, file, (await file.stat()).identity);
}

async function orFeedFileError<Result>(path: string, step: () => Promise<Result>): Promise<Result> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof FeedFileError) throw error;
    throw new FeedFileError(path, reasonOf(error), error);
  }
}

async function makeRingFile(disk: Disk, path: string, maxSize: number, created: number): Promise<RingFile> {
  await disk.mkdir(dirname(path));
  const file = await disk.open(path, "create");
  return orClose(file, () => begin(disk, path, file, maxSize, created));
}

async function begin(disk: Disk, path: string, file: DiskFile, maxSize: number, created: number): Promise<RingFile> {
  const header = { ...geometry(maxSize), id: randomBytes(4).readUInt32BE(), created };
  await file.write([encodeFileHeader(header, crc32)], 0);
  // Blocks without a header would be lost: it is on the disk before them.
  await file.sync();
  await disk.syncFolder(dirname(path)).catch(() => undefined); // not every system lets a folder be opened
  return new RingFile(path, header, file, (await file.stat()).identity);
}

async function openExisting(disk: Disk, path: string, maxSize: number, created: number): Promise<RingFile> {
  const file = await disk.open(path, "update");
  return orClose(file, async () => {
    const header = await readHeader(path, file);
    if (header === undefined) return begin(disk, path, file, maxSize, created);
    return new RingFile(path, header, file, (await file.stat()).identity);
  });
}

/** @returns undefined where it is to be written yet: an empty file was put there to be filled, one of zeros lost it as the power went */
async function readHeader(path: string, file: DiskFile): Promise<RingFileHeader | undefined> {
  const { size } = await file.stat();
  const head = new Uint8Array(FIRST_BLOCK);
  const length = await file.read(head, 0);
  if (size <= FIRST_BLOCK && head.every((byte) => byte === 0)) return undefined;
  try {
    return decodeFileHeader(head.subarray(0, length), crc32);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new FeedFileError(path, notOurs(head, error), error);
  }
}

function notOurs(head: Uint8Array, error: ProtocolError): string {
  const name = Buffer.from(head.subarray(0, 4)).toString("latin1");
  if (/^FFM[12]$/.test(name))
    return "is a feed of ffserver (FFM), not one of ours; it is left as it is: name another file, or play it with readOnly: true (ReadOnlyFile)";
  if (error.code === "wrong-protocol" || error.code === "truncated") {
    return "was not made by Millrace; it is left as it is: name another file";
  }
  return `cannot be read (${error.message}); it is left as it is: take it away, or name another file`;
}

async function orClose<Result>(file: DiskFile, step: () => Promise<Result>): Promise<Result> {
  try {
    return await step();
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
}
