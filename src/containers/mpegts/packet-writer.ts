/** Cuts PES packets and sections into transport stream packets, and counts them. */
import { PACKET_LENGTH, PACKET_ROOM, writePacketHeader } from "./packet.ts";
import type { PacketFields } from "./packet.ts";

/** What the first packet says. */
export type FirstPacket = Pick<PacketFields, "pcr" | "randomAccess" | "discontinuity">;

/** One for each stream of packets: continuity counters go on for as long as it lives, whatever tracks come and go. */
export class PacketWriter {
  /** The counter that comes next, by PID. */
  readonly #counters = new Map<number, number>();

  /** The packets of one PES packet, given in pieces. */
  pes(pid: number, pieces: readonly Uint8Array[], first: FirstPacket): Uint8Array {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const flagged = first.pcr !== undefined ? 8 : first.randomAccess === true || first.discontinuity === true ? 2 : 0;
    const count = 1 + Math.ceil(Math.max(0, length - (PACKET_ROOM - flagged)) / PACKET_ROOM);
    const out = new Uint8Array(count * PACKET_LENGTH);
    const source = new PieceReader(pieces);
    let left = length;
    for (let at = 0; at < out.length; at += PACKET_LENGTH) {
      const fields = { pid, counter: this.#next(pid), start: at === 0, ...(at === 0 ? first : {}) };
      const payload = writePacketHeader(out, at, fields, left);
      source.read(out.subarray(payload, at + PACKET_LENGTH));
      left -= at + PACKET_LENGTH - payload;
    }
    return out;
  }

  /** The packets of one section, alone in them: behind a pointer, with 0xff to the end. */
  section(pid: number, section: Uint8Array): Uint8Array {
    const count = Math.ceil((1 + section.length) / PACKET_ROOM);
    const out = new Uint8Array(count * PACKET_LENGTH).fill(0xff);
    const source = new PieceReader([Uint8Array.of(0), section]);
    for (let at = 0; at < out.length; at += PACKET_LENGTH) {
      const payload = writePacketHeader(out, at, { pid, counter: this.#next(pid), start: at === 0 }, PACKET_ROOM);
      source.read(out.subarray(payload, at + PACKET_LENGTH));
    }
    return out;
  }

  /** A packet that has a clock reference and nothing else. */
  clock(pid: number, first: FirstPacket): Uint8Array {
    const out = new Uint8Array(PACKET_LENGTH);
    // Without a payload the counter stays where it is.
    const counter = ((this.#counters.get(pid) ?? 0) + 15) & 15;
    writePacketHeader(out, 0, { pid, counter, ...first }, 0);
    return out;
  }

  #next(pid: number): number {
    const counter = this.#counters.get(pid) ?? 0;
    this.#counters.set(pid, (counter + 1) & 15);
    return counter;
  }
}

/** Reads pieces as if they were one. */
class PieceReader {
  readonly #pieces: readonly Uint8Array[];
  #piece = 0;
  #at = 0;

  constructor(pieces: readonly Uint8Array[]) {
    this.#pieces = pieces;
  }

  /** Fills `out`, as far as there is something left. */
  read(out: Uint8Array): void {
    let filled = 0;
    while (filled < out.length) {
      const piece = this.#pieces[this.#piece];
      if (piece === undefined) return;
      const part = piece.subarray(this.#at, this.#at + out.length - filled);
      out.set(part, filled);
      filled += part.length;
      this.#at += part.length;
      if (this.#at < piece.length) continue;
      this.#piece += 1;
      this.#at = 0;
    }
  }
}
