import { ProtocolError } from "../../../bytes/protocol-error.ts";
import { Reader } from "../../../bytes/reader.ts";
import type { Unit, UnitReader } from "./cutter.ts";
import { u32le } from "./little-endian.ts";

/** Object ids as they stand in a file (Advanced Systems Format, 10.1 and 10.2). */
const headerId = "3026b2758e66cf11a6d900aa0062ce6c";
const dataId = "3626b2758e66cf11a6d900aa0062ce6c";
const filePropertiesId = [0xa1, 0xdc, 0xab, 0x8c, 0x47, 0xa9, 0xcf, 0x11, 0x8e, 0xe4, 0x00, 0xc0, 0x0c, 0x20, 0x53, 0x65];

/** Bytes of the header of the Data Object, which the packets follow. */
const DATA_HEADER = 50;
const MAX_PACKET = 64 * 1024;

/** The stream that FFmpeg puts first: that of pictures, where there are any. */
const FIRST_STREAM = 1;

/** ASF as FFmpeg writes it: a header, then packets of one length. A viewer starts at a packet with the beginning of a key frame. */
export class AsfReader implements UnitReader {
  readonly #hasVideo: boolean;
  #phase: "header" | "data" | "packets" = "header";
  #packetLength = 0;

  constructor({ hasVideo }: { readonly hasVideo: boolean }) {
    this.#hasVideo = hasVideo;
  }

  next(bytes: Uint8Array): Unit | undefined {
    switch (this.#phase) {
      case "header":
        return this.#header(bytes);
      case "data":
        if (bytes.length < DATA_HEADER) return undefined;
        expect(bytes, dataId);
        this.#phase = "packets";
        return { length: DATA_HEADER, role: "header" };
      case "packets":
        if (bytes.length < this.#packetLength) return undefined;
        // Behind the packets there may be an index, whose objects begin otherwise.
        return { length: this.#packetLength, role: this.#isStart(bytes.subarray(0, this.#packetLength)) ? "start" : "more" };
    }
  }

  /** Sound may begin with any packet, and is not marked in every codec. */
  #isStart(packet: Uint8Array): boolean {
    return !this.#hasVideo || beginsKeyFrame(packet);
  }

  #header(bytes: Uint8Array): Unit | undefined {
    if (bytes.length < 24) return undefined;
    expect(bytes, headerId);
    const length = u32le(bytes, 16);
    if (u32le(bytes, 20) !== 0) throw new ProtocolError("limit", "a header of more than 4 GiB");
    if (bytes.length < length) return { length, role: "header" };
    const at = Buffer.from(bytes.buffer, bytes.byteOffset, length).indexOf(Buffer.from(filePropertiesId));
    if (at < 0 || at + 100 > length) throw new ProtocolError("malformed", "ASF: no file properties");
    this.#packetLength = u32le(bytes, at + 92);
    if (this.#packetLength === 0 || this.#packetLength > MAX_PACKET)
      throw new ProtocolError("malformed", `ASF: packets of ${this.#packetLength} bytes`);
    this.#phase = "data";
    return { length, role: "header" };
  }
}

function expect(bytes: Uint8Array, id: string): void {
  if (Buffer.from(bytes.buffer, bytes.byteOffset, 16).toString("hex") !== id) throw new ProtocolError("malformed", "ASF: another object");
}

/** Whether a data packet (5.2) holds the beginning of a key frame of the first stream. */
function beginsKeyFrame(packet: Uint8Array): boolean {
  try {
    const payloads = readPayloads(packet);
    return payloads.some(({ stream, offset, isKey }) => stream === FIRST_STREAM && offset === 0 && isKey);
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
}

interface Payload {
  readonly stream: number;
  readonly isKey: boolean;
  /** Where in its frame it begins. */
  readonly offset: number;
}

function readPayloads(packet: Uint8Array): Payload[] {
  const reader = new Reader(packet);
  let flags = reader.u8();
  if ((flags & 0x80) !== 0) {
    reader.skip(flags & 0x0f);
    flags = reader.u8();
  }
  const properties = reader.u8();
  word(reader, flags >> 5);
  word(reader, flags >> 1);
  word(reader, flags >> 3);
  reader.skip(6);
  const isMany = (flags & 1) !== 0;
  const payloadFlags = isMany ? reader.u8() : 0;
  const payloads: Payload[] = [];
  for (let left = isMany ? payloadFlags & 0x3f : 1; left > 0; left--) {
    const stream = reader.u8();
    word(reader, properties >> 4);
    const offset = word(reader, properties >> 2);
    reader.skip(word(reader, properties));
    payloads.push({ stream: stream & 0x7f, isKey: (stream & 0x80) !== 0, offset });
    if (isMany) reader.skip(word(reader, payloadFlags >> 6));
  }
  return payloads;
}

/** A field whose length two bits tell: none, 8, 16 or 32 bits. */
function word(reader: Reader, type: number): number {
  switch (type & 3) {
    case 0:
      return 0;
    case 1:
      return reader.u8();
    case 2:
      return reader.u16le();
    default:
      return reader.u32le();
  }
}
