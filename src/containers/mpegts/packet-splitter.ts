/** Finds the packets in a stream of bytes that begins, breaks and goes on anywhere. */
import { joined } from "../../bytes/joined.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { PACKET_LENGTH, SYNC_BYTE } from "./packet.ts";

/** Bytes from one packet to the next: alone, behind a time stamp (Blu-ray, AVCHD), before a Reed-Solomon code (DVB). */
const STRIDES = [188, 192, 204] as const;
type Stride = (typeof STRIDES)[number];

/** Sync bytes in a row by which packets are known. */
const PROOF = 3;
/** Bytes that may come before packets are found, at first or after they were lost. */
export const MAX_GARBAGE = 1024 * 1024;

/** Where packets begin. */
interface Lock {
  readonly at: number;
  readonly stride: Stride;
}

/**
 * The first place from which sync bytes stand one stride from the next.
 *
 * @param proof how many of them there must be
 */
function findPackets(data: Uint8Array, from: number, proof: number): Lock | undefined {
  for (let at = data.indexOf(SYNC_BYTE, from); at >= 0; at = data.indexOf(SYNC_BYTE, at + 1)) {
    const stride = STRIDES.find((length) => isLocked(data, at, length, proof));
    if (stride !== undefined) return { at, stride };
  }
  return undefined;
}

function isLocked(data: Uint8Array, at: number, stride: Stride, proof: number): boolean {
  for (let i = 1; i < proof; i++) if (data[at + i * stride] !== SYNC_BYTE) return false;
  return true;
}

/** Where the first two sync bytes of a stream are, by the length of its packets. */
const STARTS = [
  [0, 188],
  [4, 196],
  [0, 204],
] as const;

/** Whether a stream that begins with these bytes, and with a packet, is MPEG-TS; undefined where more are needed to tell. */
export function isMpegTs(head: Uint8Array): boolean | undefined {
  const possible = STARTS.filter((places) => places.every((at) => at >= head.length || head[at] === SYNC_BYTE));
  if (possible.some(([, second]) => second < head.length)) return true;
  return possible.length > 0 ? undefined : false;
}

/**
 * Takes bytes in any pieces and gives packets. What is no packet is passed over, and counted; packets of 192 and 204 bytes are known, and given
 * without what is before or behind.
 */
export class PacketSplitter {
  readonly #packet: (data: Uint8Array, at: number) => void;
  /** Undefined while packets are looked for. */
  #stride: Stride | undefined;
  /** Bytes that wait for more: less than a packet, or than what packets are found by. */
  #rest: Uint8Array = new Uint8Array(0);
  #isEnd = false;
  /** Bytes still to come that belong to no packet. */
  #ahead = 0;
  #pushed = 0;
  #skipped = 0;
  /** Bytes passed over since the last packet. */
  #garbage = 0;

  /** @param packet is told the offset of a whole packet in bytes that are the pusher's; what it keeps it copies */
  constructor(packet: (data: Uint8Array, at: number) => void) {
    this.#packet = packet;
  }

  /** Bytes of what was taken whole. */
  get position(): number {
    return this.#pushed - this.#rest.length;
  }

  /** Bytes that were no packets. */
  get skipped(): number {
    return this.#skipped;
  }

  /**
   * @param piece the next bytes; nobody may write to them until the next call
   * @throws ProtocolError where there are no packets for too long
   */
  push(piece: Uint8Array): void {
    const data = this.#rest.length === 0 ? piece : joined([this.#rest, piece]);
    this.#pushed += piece.length;
    let at = this.#ahead;
    while (at + PACKET_LENGTH <= data.length) {
      if (data[at] !== SYNC_BYTE) this.#stride = undefined;
      if (this.#stride === undefined) {
        const lock = this.#find(data, at);
        // The last bytes may be the first packet of a run that is not there yet.
        const end = lock?.at ?? Math.max(at, data.length - STRIDES[2] * (PROOF - 1));
        this.#skip(end - at);
        at = end;
        if (lock === undefined) break;
        this.#stride = lock.stride;
      }
      this.#garbage = 0;
      this.#packet(data, at);
      at += this.#stride;
    }
    this.#ahead = Math.max(0, at - data.length);
    this.#rest = data.subarray(at);
  }

  /** The stream is over: two packets are believed in where they are all that is left. */
  end(): void {
    this.#isEnd = true;
    this.push(new Uint8Array(0));
  }

  #find(data: Uint8Array, from: number): Lock | undefined {
    return findPackets(data, from, PROOF) ?? (this.#isEnd ? findPackets(data, from, PROOF - 1) : undefined);
  }

  #skip(bytes: number): void {
    this.#skipped += bytes;
    this.#garbage += bytes;
    if (this.#garbage > MAX_GARBAGE) throw new ProtocolError("malformed", `no MPEG-TS packets in ${this.#garbage} bytes`);
  }
}
