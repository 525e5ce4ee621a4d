/**
 * Boxes of ISO/IEC 14496-12 (4.2) as values: `box("moov", mvhd, trak, mvex)`. For headers, which are made seldom;
 * fragments, made for every frame, are written straight through a `Writer` (fragment.ts).
 */
import { Writer } from "../../bytes/writer.ts";

/** Bytes of a box header: size u32 and type. */
export const boxHeaderSize = 8;

/** A box around its parts, in order. The parts are copied. */
export function box(type: string, ...parts: readonly Uint8Array[]): Uint8Array {
  let size = boxHeaderSize;
  for (const part of parts) size += part.length;
  const out = new Writer(size).u32(size).ascii(type);
  for (const part of parts) out.bytes(part);
  return out.done();
}

/** A FullBox (4.2): a box whose payload begins with a version and 24 flags. */
export function fullBox(type: string, version: number, flags: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return box(type, new Writer(4).u8(version).u24(flags).done(), ...parts);
}

/** The bytes that `write` writes: `fields(w => w.u32(1).zeros(4))`. */
export function fields(write: (out: Writer) => unknown): Uint8Array {
  const out = new Writer();
  write(out);
  return out.done();
}
