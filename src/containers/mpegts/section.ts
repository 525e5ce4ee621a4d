/** Sections: what tables are sent in, ISO/IEC 13818-1 2.4.4. */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";

/** Bytes of a section of any table at most: the length has 12 bits. Those of PAT and PMT have 1024. */
const MAX_SECTION = 4098;
/** Behind the last section of a packet. */
const STUFFING = 0xff;
/** Bytes before the length's end. */
const HEAD = 3;
const CRC_LENGTH = 4;

/** A section in the long form that PAT and PMT have. */
export interface Section {
  readonly tableId: number;
  /** The transport stream's id in a PAT, the program's number in a PMT. */
  readonly id: number;
  /** Modulo 32. */
  readonly version: number;
  /** False of a table that will be in force later. */
  readonly isCurrent: boolean;
  /** Number of the section in its table, and of the last one. */
  readonly number: number;
  readonly last: number;
  readonly body: Uint8Array;
}

/** Puts the sections of one PID together. What is broken is left out: it comes again. */
export class SectionAssembler {
  readonly #section: (section: Uint8Array) => void;
  readonly #data = new Uint8Array(MAX_SECTION);
  #length = 0;
  #collecting = false;

  /** @param section is told whole sections, their checksum included and not checked; a view of memory that is used again */
  constructor(section: (section: Uint8Array) => void) {
    this.#section = section;
  }

  /** @param start the payload begins with a pointer to the first section that begins in it */
  take(payload: Uint8Array, start: boolean): void {
    if (!start) return void this.#append(payload);
    const pointer = payload[0] ?? 0;
    if (pointer >= payload.length) return this.lost();
    this.#append(payload.subarray(1, 1 + pointer));
    let rest = payload.subarray(1 + pointer);
    for (this.lost(); rest.length > 0 && rest[0] !== STUFFING;) {
      this.#collecting = true;
      rest = this.#append(rest);
    }
  }

  /** Bytes are missing: what is half there is dropped. */
  lost(): void {
    this.#collecting = false;
    this.#length = 0;
  }

  /** Takes what belongs to the section that is being collected; gives the rest. */
  #append(bytes: Uint8Array): Uint8Array {
    let rest = bytes;
    while (this.#collecting && rest.length > 0) {
      const wanted = this.#length < HEAD ? HEAD : this.#wanted;
      const taken = rest.subarray(0, wanted - this.#length);
      this.#data.set(taken, this.#length);
      this.#length += taken.length;
      rest = rest.subarray(taken.length);
      if (this.#length < HEAD || this.#length < this.#wanted) continue;
      const section = this.#data.subarray(0, this.#length);
      this.lost();
      this.#section(section);
    }
    return rest;
  }

  get #wanted(): number {
    return HEAD + (((this.#data[1]! & 0x0f) << 8) | this.#data[2]!);
  }
}

/**
 * Reads a whole section.
 *
 * @throws ProtocolError where it is not of the long form, or its checksum is wrong
 */
export function readSection(bytes: Uint8Array): Section {
  const reader = new Reader(bytes);
  const tableId = reader.u8();
  const word = reader.u16();
  const length = word & 0x0fff;
  if ((word & 0x8000) === 0 || length !== reader.left || length < 5 + CRC_LENGTH) throw new ProtocolError("malformed", "PSI section");
  if (crc32(bytes) !== 0) throw new ProtocolError("malformed", "PSI section with a wrong checksum");
  const id = reader.u16();
  const version = reader.u8();
  const [number, last] = [reader.u8(), reader.u8()];
  const body = reader.bytes(reader.left - CRC_LENGTH);
  return { tableId, id, version: (version >> 1) & 31, isCurrent: (version & 1) === 1, number, last, body };
}

/** Builds a section, checksum included. */
export function sectionBytes({ tableId, id, version, isCurrent, number, last, body }: Section): Uint8Array {
  const writer = new Writer(HEAD + 5 + body.length + CRC_LENGTH);
  writer.u8(tableId).u16(0xb000 | (5 + body.length + CRC_LENGTH));
  writer.u16(id).u8(0xc0 | (version << 1) | Number(isCurrent));
  writer.u8(number).u8(last).bytes(body);
  const bytes = writer.zeros(CRC_LENGTH).done();
  const crc = crc32(bytes.subarray(0, -CRC_LENGTH));
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(bytes.length - CRC_LENGTH, crc);
  return bytes;
}

const CRC_POLYNOMIAL = 0x04c1_1db7;
const crcTable: readonly number[] = Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ CRC_POLYNOMIAL : crc << 1;
  return crc;
});

/** Annex A: of bytes that end with their own checksum it is 0. */
function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) crc = (crc << 8) ^ crcTable[((crc >>> 24) ^ byte) & 0xff]!;
  return crc >>> 0;
}
