import { ProtocolError } from "../../../bytes/protocol-error.ts";
import type { Unit, UnitReader } from "./cutter.ts";

/** Start codes of ISO/IEC 13818-1 2.5, the last byte of each. */
const Code = { end: 0xb9, pack: 0xba, system: 0xbb, firstStream: 0xbc, video: 0xe0 } as const;

/**
 * MPEG program streams: packs, which viewers may join between. With pictures they start at a pack in which a sequence header is, without at
 * any.
 */
export class ProgramStreamReader implements UnitReader {
  readonly #hasVideo: boolean;

  constructor({ hasVideo }: { readonly hasVideo: boolean }) {
    this.#hasVideo = hasVideo;
  }

  next(bytes: Uint8Array): Unit | undefined {
    let at = 0;
    let isStart = !this.#hasVideo;
    do {
      const length = unitLength(bytes, at);
      if (length === undefined) return undefined;
      const code = bytes[at + 3]!;
      if (code === Code.video && holdsSequenceHeader(bytes.subarray(at, at + length))) isStart = true;
      at += length;
      if (code === Code.end) return { length: at, role: "more" };
      // Packs of a Video CD are filled up with zeros.
      while (bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 0) at += 1;
      if (bytes.length < at + 4) return undefined;
    } while (bytes[at + 3] !== Code.pack && bytes[at + 3] !== Code.end);
    return { length: at, role: isStart ? "start" : "more" };
  }
}

/** Bytes of the pack header, system header or packet at an offset; undefined where that has not come. */
function unitLength(bytes: Uint8Array, at: number): number | undefined {
  if (bytes.length < at + 4) return undefined;
  const code = bytes[at + 3]!;
  const isCode = bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 1 && code >= Code.end;
  if (!isCode) throw new ProtocolError("malformed", "MPEG program stream: no start code");
  if (code === Code.end) return 4;
  if (code !== Code.pack) return bytes.length < at + 6 ? undefined : 6 + ((bytes[at + 4]! << 8) | bytes[at + 5]!);
  if (bytes.length < at + 5) return undefined;
  // 0010 begins the header of MPEG-1 (ISO/IEC 11172-1 2.4.3.2), 01 that of MPEG-2, which says at its end how it is stuffed.
  if (bytes[at + 4]! >> 4 === 2) return 12;
  return bytes.length < at + 14 ? undefined : 14 + (bytes[at + 13]! & 7);
}

function holdsSequenceHeader(packet: Uint8Array): boolean {
  for (let at = packet.indexOf(0xb3, 9); at >= 0; at = packet.indexOf(0xb3, at + 1)) {
    if (packet[at - 1] === 1 && packet[at - 2] === 0 && packet[at - 3] === 0) return true;
  }
  return false;
}
