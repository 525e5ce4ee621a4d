/** The 32-bit word at an offset, least significant byte first. @throws RangeError past the end */
export function u32le(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true);
}
