/** Boxes out of bytes (ISO/IEC 14496-12 4.2): the children of a box, and the top level of a stream in any pieces. */
import { Gathering } from "../../bytes/gathering.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";

/** A box, as views of the bytes it was read from. */
export interface Box {
  readonly type: string;
  /** The whole box, header included. */
  readonly bytes: Uint8Array;
  /** What follows the header. */
  readonly payload: Uint8Array;
}

/** Bytes of a top-level box, its header included. A segment with 30 s of 4K video fits. */
export const largestBox = 64 * 1024 * 1024;
/** Children of one box. */
const mostChildren = 1024;
const extendedHeaderSize = 16;

/** The boxes that lie side by side in `bytes`, which must hold whole ones. */
export function readBoxes(bytes: Uint8Array): Box[] {
  const boxes: Box[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = boxSize(bytes.subarray(at));
    if (size === undefined || size > bytes.length - at)
      throw new ProtocolError("truncated", `box at offset ${at} of ${bytes.length} is cut off`);
    if (boxes.length === mostChildren) throw new ProtocolError("limit", `more than ${mostChildren} boxes in one`);
    boxes.push(boxOf(bytes.subarray(at, at + size)));
    at += size;
  }
  return boxes;
}

/** The only box of a type among its siblings. */
export function oneBox(boxes: readonly Box[], type: string): Box {
  const found = maybeBox(boxes, type);
  if (found === undefined) throw new ProtocolError("malformed", `no ${type} box`);
  return found;
}

/** The only box of a type among its siblings, or undefined. */
export function maybeBox(boxes: readonly Box[], type: string): Box | undefined {
  const found = boxes.filter((each) => each.type === type);
  if (found.length > 1) throw new ProtocolError("malformed", `${found.length} ${type} boxes, one allowed`);
  return found[0];
}

/** What a box says of itself before its payload (4.2.2). */
export interface BoxHeader {
  readonly type: string;
  /** Bytes of the whole box; 0 where it reaches to the end of the file. */
  readonly size: number;
  readonly headerSize: number;
}

/** The header of the box that begins here, unchecked; undefined where it is not complete. */
export function readBoxHeader(bytes: Uint8Array): BoxHeader | undefined {
  if (bytes.length < 8) return undefined;
  const reader = new Reader(bytes);
  const size = reader.u32();
  const type = reader.fourCc();
  if (size !== 1) return { type, size, headerSize: 8 };
  if (bytes.length < extendedHeaderSize) return undefined;
  return { type, size: reader.u64(), headerSize: extendedHeaderSize };
}

/** Size of the box that begins here, or undefined where its header is not complete. */
function boxSize(bytes: Uint8Array): number | undefined {
  const header = readBoxHeader(bytes);
  if (header === undefined) return undefined;
  const { size, headerSize } = header;
  if (size === 0) throw new ProtocolError("unsupported", "a box that reaches to the end of the file");
  return checkedSize(size, headerSize);
}

function checkedSize(size: number, least: number): number {
  if (size < least) throw new ProtocolError("malformed", `box of ${size} bytes`);
  if (size > largestBox) throw new ProtocolError("limit", `box of ${size} bytes, at most ${largestBox} allowed`);
  return size;
}

function boxOf(bytes: Uint8Array): Box {
  const { type, headerSize } = readBoxHeader(bytes)!;
  return { type, bytes, payload: bytes.subarray(headerSize) };
}

/** Finds the top-level boxes of a stream that comes in pieces cut anywhere. */
export class BoxSplitter {
  /** The beginning of a box that is not complete. */
  readonly #part = new Gathering();
  #position = 0;

  /** Bytes of a box that is not complete. */
  get pending(): number {
    return this.#part.length;
  }

  /** Bytes of the boxes that were complete. */
  get position(): number {
    return this.#position;
  }

  /**
   * The boxes that `piece` completes. They may be views of it: whoever passes a piece gives it away.
   *
   * Throws `ProtocolError`, after which nothing more can be read.
   */
  push(piece: Uint8Array): Box[] {
    const boxes: Box[] = [];
    const found = (bytes: Uint8Array): void => {
      boxes.push(boxOf(bytes));
      this.#position += bytes.length;
    };
    let left = piece;
    while (left.length > 0) {
      const has = this.#part.length;
      const size = boxSize(has === 0 ? left : this.#part.view);
      if (has === 0 && size !== undefined && size <= left.length) {
        found(left.subarray(0, size));
        left = left.subarray(size);
        continue;
      }
      const wanted = (size ?? Math.max(8, Math.min(has + 1, extendedHeaderSize))) - has;
      this.#part.add(left.subarray(0, wanted), size ?? extendedHeaderSize);
      left = left.subarray(Math.min(wanted, left.length));
      if (boxSize(this.#part.view) === this.#part.length) found(this.#part.take());
    }
    return boxes;
  }
}
