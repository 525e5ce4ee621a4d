import { ProtocolError } from "../../../bytes/protocol-error.ts";
import type { Unit, UnitReader } from "./cutter.ts";
import { u32le } from "./little-endian.ts";

const PAGE_HEADER = 27;
const CONTINUED = 1;

/** Ogg (RFC 3533) as FFmpeg writes it: pages of headers at position 0, then others. A viewer starts at a page that begins with a key frame of Theora. */
export class OggReader implements UnitReader {
  readonly #hasVideo: boolean;
  #inHeaders = true;
  /** The number of the Theora stream. */
  #video: number | undefined;

  constructor({ hasVideo }: { readonly hasVideo: boolean }) {
    this.#hasVideo = hasVideo;
  }

  next(bytes: Uint8Array): Unit | undefined {
    if (bytes.length < PAGE_HEADER) return undefined;
    if (String.fromCharCode(...bytes.subarray(0, 4)) !== "OggS") throw new ProtocolError("malformed", "Ogg: no page");
    const body = PAGE_HEADER + bytes[26]!;
    if (bytes.length < body) return undefined;
    const length = bytes.subarray(PAGE_HEADER, body).reduce((sum, lacing) => sum + lacing, body);
    if (bytes.length < length) return undefined;
    const serial = u32le(bytes, 14);
    const data = bytes.subarray(body, length);
    if (this.#inHeaders && u32le(bytes, 6) === 0 && u32le(bytes, 10) === 0) {
      if (data[0] === 0x80 && String.fromCharCode(...data.subarray(1, 7)) === "theora") this.#video = serial;
      return { length, role: "header" };
    }
    this.#inHeaders = false;
    const isWhole = (bytes[5]! & CONTINUED) === 0;
    return { length, role: isWhole && this.#isStart(serial, data) ? "start" : "more" };
  }

  /** Theora I 7.1: a frame, and one coded by itself. */
  #isStart(serial: number, data: Uint8Array): boolean {
    if (!this.#hasVideo) return true;
    return serial === this.#video && data.length > 0 && data[0]! >> 6 === 0;
  }
}
