/** Ogg pages, RFC 3533 6. */
import { Writer } from "../../bytes/writer.ts";

/** Segments of a page, and bytes of each: a packet ends with the first segment that has less. */
const MAX_SEGMENTS = 255;
const SEGMENT = 255;
/** The position of a page on which no packet ends. */
const NO_POSITION = -1;
const CHECKSUM_AT = 22;

export const PageFlag = { none: 0, continued: 1, begin: 2 } as const;
export type PageFlag = (typeof PageFlag)[keyof typeof PageFlag];

/** One logical bitstream: its pages count from 0. */
export class PageWriter {
  readonly #serial: number;
  #sequence = 0;

  constructor(serial: number) {
    this.#serial = serial;
  }

  /**
   * A packet as pages of its own, one where it has less than 65025 bytes: heads, and views of the packet.
   *
   * @param position what the last page says of its end, in samples
   */
  packet(data: Uint8Array, position: number, flag: PageFlag = PageFlag.none): Uint8Array[] {
    const parts: Uint8Array[] = [];
    const most = MAX_SEGMENTS * SEGMENT;
    for (let at = 0; at <= data.length; at += most) {
      const isLast = data.length - at < most;
      const body = data.subarray(at, at + most);
      parts.push(this.#head(body, isLast, isLast ? position : NO_POSITION, at === 0 ? flag : PageFlag.continued), body);
    }
    return parts;
  }

  #head(body: Uint8Array, isLast: boolean, position: number, flag: PageFlag): Uint8Array {
    const full = Math.floor(body.length / SEGMENT);
    const out = new Writer(27 + full + 1).ascii("OggS").u8(0).u8(flag);
    const low = position - Math.floor(position / 2 ** 32) * 2 ** 32;
    out.u32le(low).u32le(Math.floor(position / 2 ** 32));
    out.u32le(this.#serial).u32le(this.#sequence).u32le(0);
    this.#sequence += 1;
    out.u8(full + (isLast ? 1 : 0));
    for (let i = 0; i < full; i++) out.u8(SEGMENT);
    if (isLast) out.u8(body.length % SEGMENT);
    const head = out.done();
    new DataView(head.buffer, head.byteOffset).setUint32(CHECKSUM_AT, checksum(checksum(0, head), body), true);
    return head;
  }
}

/** CRC-32 with the polynomial 0x04c11db7, neither reflected nor inverted. */
const table = Uint32Array.from({ length: 256 }, (_, i) => {
  let value = i << 24;
  for (let bit = 0; bit < 8; bit++) value = (value & 0x8000_0000) !== 0 ? (value << 1) ^ 0x04c1_1db7 : value << 1;
  return value >>> 0;
});

function checksum(start: number, bytes: Uint8Array): number {
  let value = start;
  for (const byte of bytes) value = ((value << 8) ^ table[(value >>> 24) ^ byte]!) >>> 0;
  return value;
}
