/** LATM, ISO/IEC 14496-3 1.7.3: AAC frames with their configuration among them, as bits that begin anywhere in a byte. Digital television has them. */
import { BitReader } from "../bytes/bits.ts";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { sameBytes } from "../bytes/same-bytes.ts";
import { aacConfigBits } from "./aac.ts";

/** AudioSyncStream, 1.7.2: 11 bits of sync word, 13 of length. */
export const LOAS_HEADER_LENGTH = 3;

/** Bytes of the LOAS frame at an offset, header included. Undefined where no header is. */
export function loasFrameLength(data: Uint8Array, at: number): number | undefined {
  if (data.length - at < LOAS_HEADER_LENGTH || data[at] !== 0x56 || (data[at + 1]! & 0xe0) !== 0xe0) return undefined;
  return LOAS_HEADER_LENGTH + (((data[at + 1]! & 0x1f) << 8) | data[at + 2]!);
}

/** What a StreamMuxConfig says. */
interface StreamMux {
  /** AudioSpecificConfig. */
  readonly config: Uint8Array;
  /** Frames in each element. */
  readonly frames: number;
}

/** Reads AudioMuxElements of one stream: one program with one layer, whose frames tell their own length. Other kinds are refused. */
export class LatmReader {
  #mux: StreamMux | undefined;

  /**
   * @returns the configuration in force, the same array while it does not change, and the raw frames
   * @throws ProtocolError where it is damaged, of another kind, or comes before the first configuration
   */
  read(element: Uint8Array): { readonly config: Uint8Array; readonly payloads: readonly Uint8Array[] } {
    const bits = new BitReader(element);
    const usesSame = bits.flag();
    if (!usesSame) {
      const mux = readStreamMux(bits, element);
      const before = this.#mux;
      this.#mux = before !== undefined && sameBytes(before.config, mux.config) ? { ...mux, config: before.config } : mux;
    }
    if (this.#mux === undefined) throw new ProtocolError("order", "LATM frame before its configuration");
    const { config, frames } = this.#mux;
    const payloads: Uint8Array[] = [];
    for (let i = 0; i < frames; i++) payloads.push(readBytes(bits, 8 * readPayloadLength(bits)));
    return { config, payloads };
  }
}

/** StreamMuxConfig, table 1.42. */
function readStreamMux(bits: BitReader, element: Uint8Array): StreamMux {
  const version = bits.u(1);
  if (version === 1 && bits.flag()) throw new ProtocolError("unsupported", "LATM: audioMuxVersionA 1");
  if (version === 1) readValue(bits);
  const sameFraming = bits.flag();
  const frames = 1 + bits.u(6);
  const [programs, layers] = [1 + bits.u(4), 1 + bits.u(3)];
  if (!sameFraming || programs > 1 || layers > 1) throw new ProtocolError("unsupported", "LATM of several programs or layers");
  const config = version === 1 ? readBytes(bits, readValue(bits)) : readConfig(bits, element);
  const lengthType = bits.u(3);
  if (lengthType !== 0) throw new ProtocolError("unsupported", `LATM: frameLengthType ${lengthType}`);
  bits.skip(8);
  const hasOtherData = bits.flag();
  if (hasOtherData && version === 1) readValue(bits);
  if (hasOtherData && version === 0) while (bits.u(9) >> 8 === 1);
  if (bits.flag()) bits.skip(8);
  return { config, frames };
}

/** An AudioSpecificConfig of a length that nothing but itself tells. */
function readConfig(bits: BitReader, element: Uint8Array): Uint8Array {
  const rest = new BitReader(element);
  rest.skip(element.length * 8 - bits.left);
  return readBytes(bits, aacConfigBits(readBytes(rest, rest.left)));
}

/** So many bits, with zeros to the end of the last byte. */
function readBytes(bits: BitReader, count: number): Uint8Array {
  if (count > bits.left) throw new ProtocolError("truncated", `LATM: ${count} bits wanted, ${bits.left} left`);
  const out = new Uint8Array(Math.ceil(count / 8));
  for (let i = 0; i < out.length; i++) {
    const taken = Math.min(8, count - 8 * i);
    out[i] = bits.u(taken) << (8 - taken);
  }
  return out;
}

/** LatmGetValue, table 1.43. */
function readValue(bits: BitReader): number {
  return bits.u(8 * (1 + bits.u(2)));
}

/** PayloadLengthInfo, table 1.44. */
function readPayloadLength(bits: BitReader): number {
  let length = 0;
  for (;;) {
    const part = bits.u(8);
    length += part;
    if (part !== 255) return length;
  }
}
