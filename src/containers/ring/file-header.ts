import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";
import type { Checksum } from "./block.ts";

/** What stands at the beginning of a ring file, written once. docs/ring-file.md has the bytes. */
export interface RingFileHeader {
  /** Bytes of each block. */
  readonly blockSize: number;
  readonly blocks: number;
  /** Drawn when the file is made. */
  readonly id: number;
  /** Unix milliseconds. */
  readonly created: number;
}

/** Where the first block begins. */
export const FIRST_BLOCK = 4096;
/** Bytes of the header that mean something. */
export const FILE_HEAD = 40;
/** The least and the most bytes of a block. */
export const MIN_BLOCK = 64 * 1024;
export const MAX_BLOCK = 16 * 1024 * 1024;
/** The least blocks that make a ring. */
export const MIN_BLOCKS = 8;

/** As PNG's: no text, and broken by whatever changes line ends or the eighth bit. */
const MAGIC = [0x89, 0x4d, 0x52, 0x52, 0x0d, 0x0a, 0x1a, 0x0a] as const;
const VERSION = 1;

/** Some 256 blocks in the bytes that a file may have. */
export function geometry(maxSize: number): { readonly blockSize: number; readonly blocks: number } {
  let blockSize = MIN_BLOCK;
  while (blockSize < MAX_BLOCK && blockSize * 256 < maxSize) blockSize *= 2;
  const blocks = Math.floor((maxSize - FIRST_BLOCK) / blockSize);
  if (blocks < MIN_BLOCKS) throw new Error(`${maxSize} bytes are too few for a ring file`);
  return { blockSize, blocks };
}

export function encodeFileHeader({ blockSize, blocks, id, created }: RingFileHeader, checksum: Checksum): Uint8Array {
  const writer = new Writer(FIRST_BLOCK).bytes(Uint8Array.from(MAGIC));
  writer.u32(VERSION).u32(FIRST_BLOCK).u32(blockSize).u32(blocks).u32(id).f64(created).u32(0);
  writer.zeros(FIRST_BLOCK - writer.length);
  const bytes = writer.done();
  writer.patchU32(FILE_HEAD - 4, checksum(bytes.subarray(0, FILE_HEAD - 4)));
  return bytes;
}

/** Whether these bytes begin like a ring file, of whatever version. */
export function isRingFile(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, index) => bytes[index] === byte);
}

/** @throws {ProtocolError} `wrong-protocol` where it is no ring file */
export function decodeFileHeader(bytes: Uint8Array, checksum: Checksum): RingFileHeader {
  if (!isRingFile(bytes)) throw new ProtocolError("wrong-protocol", "no ring file");
  const reader = new Reader(bytes);
  reader.skip(MAGIC.length);
  const version = reader.u32();
  if (version !== VERSION) throw new ProtocolError("unsupported", `a ring file of version ${version}`);
  const first = reader.u32();
  const header = { blockSize: reader.u32(), blocks: reader.u32(), id: reader.u32(), created: reader.f64() };
  if (reader.u32() !== checksum(bytes.subarray(0, FILE_HEAD - 4)))
    throw new ProtocolError("malformed", "the header of a ring file is damaged");
  const { blockSize, blocks } = header;
  if (first !== FIRST_BLOCK || blockSize < MIN_BLOCK || blockSize > MAX_BLOCK || blocks < MIN_BLOCKS) {
    throw new ProtocolError("unsupported", "a ring file of unknown measures");
  }
  return header;
}
