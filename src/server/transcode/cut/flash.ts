import { BitReader } from "../../../bytes/bits.ts";
import { ProtocolError } from "../../../bytes/protocol-error.ts";
import { Reader } from "../../../bytes/reader.ts";
import type { Unit, UnitReader } from "./cutter.ts";

/** Tags of the SWF file format. */
const Tag = { showFrame: 1, soundStreamBlock: 19, placeObject2: 26, defineVideoStream: 60, videoFrame: 61 } as const;
/** Bytes before the rectangle of the stage, and after it before the first tag. */
const [FIXED, AFTER_STAGE] = [8, 4];

interface SwfTag {
  readonly code: number;
  readonly body: Uint8Array;
  /** Where the next begins. */
  readonly end: number;
}

/** SWF as FFmpeg writes it: what defines the movie, then a frame of pictures and sound up to each tag that shows it. */
export class FlashReader implements UnitReader {
  readonly #hasVideo: boolean;
  #phase: "file" | "definitions" | "frames" = "file";

  constructor({ hasVideo }: { readonly hasVideo: boolean }) {
    this.#hasVideo = hasVideo;
  }

  next(bytes: Uint8Array): Unit | undefined {
    switch (this.#phase) {
      case "file":
        return this.#file(bytes);
      case "definitions": {
        const tag = readTag(bytes, 0);
        if (tag === undefined) return undefined;
        if (tag.code !== Tag.videoFrame && tag.code !== Tag.soundStreamBlock && tag.code !== Tag.showFrame)
          return { length: tag.end, role: "header" };
        this.#phase = "frames";
        return this.#frame(bytes);
      }
      case "frames":
        return this.#frame(bytes);
    }
  }

  #file(bytes: Uint8Array): Unit | undefined {
    if (bytes.length <= FIXED) return undefined;
    if (String.fromCharCode(...bytes.subarray(0, 3)) !== "FWS") throw new ProtocolError("malformed", "SWF: another file");
    const stage = Math.ceil((5 + 4 * (bytes[FIXED]! >> 3)) / 8);
    const length = FIXED + stage + AFTER_STAGE;
    if (bytes.length >= length) this.#phase = "definitions";
    return { length, role: "header" };
  }

  #frame(bytes: Uint8Array): Unit | undefined {
    let isStart = !this.#hasVideo;
    for (let at = 0; ;) {
      const tag = readTag(bytes, at);
      if (tag === undefined) return undefined;
      if (tag.code === Tag.videoFrame && isKeyFrame(tag.body)) isStart = true;
      at = tag.end;
      if (tag.code === Tag.showFrame || tag.code === 0) return { length: at, role: isStart ? "start" : "more" };
    }
  }
}

/** Undefined where it has not come whole. */
function readTag(bytes: Uint8Array, at: number): SwfTag | undefined {
  if (bytes.length < at + 6) return bytes.length >= at + 2 && (bytes[at]! & 0x3f) === 0 ? shortTag(bytes, at) : undefined;
  const reader = new Reader(bytes.subarray(at));
  const word = reader.u16le();
  const length = (word & 0x3f) === 0x3f ? reader.u32le() : word & 0x3f;
  const end = at + reader.at + length;
  return end > bytes.length ? undefined : { code: word >> 6, body: bytes.subarray(at + reader.at, end), end };
}

/** A tag without a body, which may be the last. */
function shortTag(bytes: Uint8Array, at: number): SwfTag {
  return { code: (bytes[at]! | (bytes[at + 1]! << 8)) >> 6, body: bytes.subarray(at + 2, at + 2), end: at + 2 };
}

/** Bits of the size in Sorenson's H.263 by its type. */
const sizeBits: Readonly<Record<number, number>> = { 0: 16, 1: 32 };

/** Of Sorenson's H.263, behind the number of its stream and frame. */
function isKeyFrame(body: Uint8Array): boolean {
  try {
    const bits = new BitReader(body.subarray(4));
    bits.skip(17 + 5 + 8);
    bits.skip(sizeBits[bits.u(3)] ?? 0);
    return bits.u(2) === 0;
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
}
