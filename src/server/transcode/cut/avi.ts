import { ProtocolError } from "../../../bytes/protocol-error.ts";
import type { Unit, UnitReader } from "./cutter.ts";
import { u32le } from "./little-endian.ts";

/**
 * AVI as FFmpeg writes it into a pipe: lists and chunks up to the list of the media, then a chunk for every frame. AVI does not say in passing which
 * are key frames: the codec has to.
 */
export class AviReader implements UnitReader {
  readonly #isKeyFrame: ((frame: Uint8Array) => boolean) | undefined;
  #inMedia = false;
  #begun = false;

  /** @param isKeyFrame of pictures; undefined where there is only sound, which can be joined anywhere */
  constructor(isKeyFrame: ((frame: Uint8Array) => boolean) | undefined) {
    this.#isKeyFrame = isKeyFrame;
  }

  next(bytes: Uint8Array): Unit | undefined {
    if (bytes.length < 12) return undefined;
    const name = ascii(bytes, 0);
    if (!this.#begun) {
      if (name !== "RIFF" || ascii(bytes, 8) !== "AVI ") throw new ProtocolError("malformed", "AVI: another RIFF file");
      this.#begun = true;
      return { length: 12, role: "header" };
    }
    if (!/^[\w ]{4}$/.test(name)) throw new ProtocolError("malformed", "AVI: no chunk");
    if (!this.#inMedia && name === "LIST" && ascii(bytes, 8) === "movi") {
      this.#inMedia = true;
      return { length: 12, role: "header" };
    }
    const length = 8 + u32le(bytes, 4);
    const padded = length + (length & 1);
    if (!this.#inMedia) return { length: padded, role: "header" };
    if (bytes.length < padded) return { length: padded, role: "more" };
    return { length: padded, role: this.#isStart(name, bytes.subarray(8, length)) ? "start" : "more" };
  }

  #isStart(name: string, frame: Uint8Array): boolean {
    if (this.#isKeyFrame === undefined) return name.endsWith("wb");
    return name.endsWith("dc") && frame.length > 0 && this.#isKeyFrame(frame);
  }
}

function ascii(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

/** ISO/IEC 14496-2 6.3.5: the first VOP is coded by itself. */
export function isMpeg4KeyFrame(frame: Uint8Array): boolean {
  for (let at = frame.indexOf(0xb6); at >= 0; at = frame.indexOf(0xb6, at + 1)) {
    if (frame[at - 1] === 1 && frame[at - 2] === 0 && frame[at - 3] === 0) return (frame[at + 1] ?? 0xff) >> 6 === 0;
  }
  return false;
}
