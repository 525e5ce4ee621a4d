/**
 * Pictures of Motion JPEG (ITU-T T.81 annex B): their size, and the tables that abbreviated ones leave out. Frames of Motion JPEG need not be
 * sound: nothing here throws, and what cannot be read is left as it is.
 */

/** Markers, each behind a byte 0xff (T.81 table B.1). */
const Marker = {
  sof0: 0xc0,
  dht: 0xc4,
  jpg: 0xc8,
  dac: 0xcc,
  sof15: 0xcf,
  rst0: 0xd0,
  soi: 0xd8,
  eoi: 0xd9,
  sos: 0xda,
  tem: 0x01,
} as const;

/** What stands in a picture before its first scan. */
export interface JpegHead {
  /** Pixels; 0 for a height that only the scan tells. */
  readonly width: number;
  readonly height: number;
  /** Whether it defines Huffman tables. */
  readonly hasTables: boolean;
  /** Where the first scan begins, at its marker. */
  readonly scanAt: number;
}

/** Undefined for what is no JPEG, or none that has a picture. */
export function jpegHead(data: Uint8Array): JpegHead | undefined {
  if (data[0] !== 0xff || data[1] !== Marker.soi) return undefined;
  let size: { readonly width: number; readonly height: number } | undefined;
  let hasTables = false;
  let at = 2;
  while (at + 3 < data.length) {
    const start = at;
    if (data[at] !== 0xff) return undefined;
    // Any number of fill bytes may stand before a marker (B.1.1.2).
    while (data[at] === 0xff) at += 1;
    const marker = data[at]!;
    at += 1;
    if (standsAlone(marker)) continue;
    if (marker === Marker.soi || marker === Marker.eoi || at + 2 > data.length) return undefined;
    if (marker === Marker.sos) return size && { ...size, hasTables, scanAt: start };
    const length = (data[at]! << 8) | data[at + 1]!;
    if (length < 2 || at + length > data.length) return undefined;
    if (marker === Marker.dht || marker === Marker.dac) hasTables = true;
    if (isFrameHeader(marker)) {
      if (length < 8) return undefined;
      size = { height: (data[at + 3]! << 8) | data[at + 4]!, width: (data[at + 5]! << 8) | data[at + 6]! };
    }
    at += length;
  }
  return undefined;
}

/**
 * A picture that every decoder of JPEG takes, in pieces that are views of it: AVI files and cameras leave the Huffman tables out, which are those of
 * T.81 K.3 then.
 */
export function wholeJpeg(data: Uint8Array): readonly Uint8Array[] {
  const head = jpegHead(data);
  if (head === undefined || head.hasTables) return [data];
  return [data.subarray(0, head.scanAt), standardHuffmanTables, data.subarray(head.scanAt)];
}

function standsAlone(marker: number): boolean {
  return marker === Marker.tem || (marker >= Marker.rst0 && marker < Marker.soi);
}

function isFrameHeader(marker: number): boolean {
  return marker >= Marker.sof0 && marker <= Marker.sof15 && marker !== Marker.dht && marker !== Marker.jpg && marker !== Marker.dac;
}

const hexBytes = (text: string): readonly number[] => text.match(/[\da-f]{2}/g)!.map((byte) => Number.parseInt(byte, 16));

/** 0x11 to 0x1a for `rows([0x11, 0x1a])`: symbols of many tables stand in such rows. */
const rows = (...ranges: readonly (readonly [from: number, to: number])[]): readonly number[] =>
  ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));

/** The symbols of a row for each of these upper digits, from one lower digit to 0xa. */
const tens = (upper: readonly number[], lower: number): readonly (readonly [number, number])[] =>
  upper.map((digit) => [(digit << 4) | lower, (digit << 4) | 0xa] as const);

/** T.81 tables K.3 to K.6: how many codes there are of each length, and what they stand for. */
const tables: readonly (readonly [id: number, lengths: string, symbols: readonly number[]])[] = [
  [0x00, "00010501010101010100000000000000", rows([0, 11])],
  [0x01, "00030101010101010101010000000000", rows([0, 11])],
  [
    0x10,
    "0002010303020403050504040000017d",
    [
      ...hexBytes("01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a"),
      ...rows([0x16, 0x1a], [0x25, 0x2a], ...tens([3], 4), ...tens([4, 5, 6, 7, 8], 3), ...tens([9, 0xa, 0xb, 0xc, 0xd], 2)),
      ...rows(...tens([0xe, 0xf], 1)),
    ],
  ],
  [
    0x11,
    "00020102040403040705040400010277",
    [
      ...hexBytes("000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f1"),
      ...rows([0x17, 0x1a], [0x26, 0x2a], ...tens([3], 5), ...tens([4, 5, 6, 7], 3), ...tens([8, 9, 0xa, 0xb, 0xc, 0xd, 0xe, 0xf], 2)),
    ],
  ],
];

/** One segment with all four tables. */
const standardHuffmanTables: Uint8Array = huffmanSegment();

function huffmanSegment(): Uint8Array {
  const body = tables.flatMap(([id, lengths, symbols]) => [id, ...hexBytes(lengths), ...symbols]);
  const length = body.length + 2;
  return Uint8Array.from([0xff, Marker.dht, length >> 8, length & 0xff, ...body]);
}
