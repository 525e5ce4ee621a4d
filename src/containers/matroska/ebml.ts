/** EBML, RFC 8794: variable-size integers, and elements with the types of value that Matroska has. */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";

/** Bytes of an element id in Matroska, and of a size in any EBML that we read. */
export const MAX_ID_LENGTH = 4;
export const MAX_SIZE_LENGTH = 8;
/** Elements side by side in one that is read whole. A BlockGroup with a thousand references is no video. */
const MAX_SIBLINGS = 4096;
/** The size of a master whose end shows in what follows (6.2), in the length that everybody writes. */
export const UNKNOWN_SIZE = [0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff] as const;

/** An element that was read whole. */
export interface Element {
  /** With its length marker, as `ElementId` has it. */
  readonly id: number;
  /** Its body: a view. */
  readonly data: Uint8Array;
}

/** Bytes of the variable-size integer that begins with this byte (4.1): 1 to 8, or 9 where it begins with none. */
export function vintLength(first: number): number {
  return Math.clz32(first) - 23;
}

/** An id with its marker. */
export function readId(reader: Reader): number {
  const length = vintLength(reader.peek());
  if (length > MAX_ID_LENGTH) throw new ProtocolError("malformed", `EBML: no element id at offset ${reader.at}`);
  let id = 0;
  for (let i = 0; i < length; i++) id = id * 256 + reader.u8();
  return id;
}

/** A variable-size integer without its marker; undefined where all its bits are set, which as a size says "unknown". */
export function readVint(reader: Reader): number | undefined {
  const length = vintLength(reader.peek());
  if (length > MAX_SIZE_LENGTH) throw new ProtocolError("malformed", `EBML: no size at offset ${reader.at}`);
  const most = 2 ** (7 * length) - 1;
  let value = reader.u8() & (0xff >> length);
  let ones = value === 0xff >> length;
  for (let i = 1; i < length; i++) {
    const byte = reader.u8();
    ones &&= byte === 0xff;
    value = value * 256 + byte;
  }
  if (ones) return undefined;
  if (value > Number.MAX_SAFE_INTEGER || value > most) throw new ProtocolError("limit", `EBML: a number of ${length} bytes`);
  return value;
}

/** A signed one, as lacing has it (RFC 9559 10.3.3): the range is moved by half of itself. */
export function readSignedVint(reader: Reader): number {
  const length = vintLength(reader.peek());
  const value = readVint(reader) ?? 2 ** (7 * length) - 1;
  return value - (2 ** (7 * length - 1) - 1);
}

/** The elements that lie side by side in a master's body, which must hold whole ones. */
export function* elements(data: Uint8Array): Generator<Element, void, undefined> {
  const reader = new Reader(data);
  for (let count = 0; reader.left > 0; count++) {
    if (count === MAX_SIBLINGS) throw new ProtocolError("limit", `EBML: more than ${MAX_SIBLINGS} elements in one`);
    const id = readId(reader);
    const size = readVint(reader);
    if (size === undefined) throw new ProtocolError("malformed", `EBML: element ${id.toString(16)} of unknown size`);
    yield { id, data: reader.bytes(size) };
  }
}

/** An unsigned integer (7.2). An empty one is 0. */
export function unsigned(data: Uint8Array): number {
  if (data.length > 8) throw new ProtocolError("malformed", `EBML: an integer of ${data.length} bytes`);
  let value = 0;
  for (const byte of data) value = value * 256 + byte;
  if (value > Number.MAX_SAFE_INTEGER) throw new ProtocolError("limit", "EBML: an integer of more than 53 bits");
  return value;
}

/** A float (7.3) of 4 or 8 bytes. An empty one is 0. */
export function float(data: Uint8Array): number {
  switch (data.length) {
    case 0:
      return 0;
    case 4:
      return new Reader(data).f32();
    case 8:
      return new Reader(data).f64();
    default:
      throw new ProtocolError("malformed", `EBML: a float of ${data.length} bytes`);
  }
}

/** A string (7.4, 7.5), which ends before its first zero. */
export function text(data: Uint8Array): string {
  const end = data.indexOf(0);
  return new Reader(data).text(end < 0 ? data.length : end);
}

/** Writes an id. */
function writeId(out: Writer, id: number): void {
  if (id > 0xff_ffff) out.u32(id);
  else if (id > 0xffff) out.u24(id);
  else if (id > 0xff) out.u16(id);
  else out.u8(id);
}

/** Writes the head of an element of `size` bytes: its id, and the size in 1 to 4 bytes, or 8. All ones say "unknown". */
export function writeHead(out: Writer, id: number, size: number): void {
  writeId(out, id);
  if (size < 0x7f) out.u8(0x80 | size);
  else if (size < 0x3fff) out.u16(0x4000 | size);
  else if (size < 0x1f_ffff) out.u24(0x20_0000 | size);
  else if (size < 0x0fff_ffff) out.u32(0x1000_0000 + size);
  else
    out
      .u8(1)
      .u24(Math.floor(size / 2 ** 32))
      .u32(size);
}

/** Writes the head of a master of unknown size. */
export function writeOpenHead(out: Writer, id: number): void {
  writeId(out, id);
  out.bytes(Uint8Array.from(UNKNOWN_SIZE));
}

/** An element around its parts, in order. The parts are copied. */
export function element(id: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const out = new Writer(size + 12);
  writeHead(out, id, size);
  for (const part of parts) out.bytes(part);
  return out.done();
}

/** An element that holds an unsigned integer in as few bytes as it takes. */
export function unsignedElement(id: number, value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return element(id, Uint8Array.from(bytes.length === 0 ? [0] : bytes));
}

/** An element that holds a float of 8 bytes. */
export function floatElement(id: number, value: number): Uint8Array {
  return element(id, new Writer(8).f64(value).done());
}

/** An element that holds text as UTF-8. */
export function textElement(id: number, value: string): Uint8Array {
  return element(id, new Writer().utf8(value).done());
}
