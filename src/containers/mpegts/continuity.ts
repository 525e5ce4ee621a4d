/** The continuity counter of one PID, ISO/IEC 13818-1 2.4.3.3: tells whether packets are missing. */
import { sameBytes } from "../../bytes/same-bytes.ts";
import type { PacketHeader } from "./packet.ts";
import { PACKET_ROOM } from "./packet.ts";

/** How a packet follows the one before it: `repeat` is the same packet again, which senders may do, and says nothing new. */
export type Succession = "next" | "repeat" | "lost";

/**
 * Follows the packets of one PID that have a payload. Losses of a multiple of 16 packets cannot be seen here; most of them break a length further up.
 */
export class Continuity {
  #counter: number | undefined;
  /** A packet without a payload said that counting begins again. */
  #mayBreak = false;
  readonly #last = new Uint8Array(PACKET_ROOM);
  #lastLength = 0;

  /** @param payload of the packet, empty where it has none; it is copied */
  follow({ counter, discontinuity, start }: PacketHeader, payload: Uint8Array): Succession {
    this.#mayBreak ||= discontinuity;
    if (payload.length === 0) return "repeat";
    const before = this.#counter;
    const isRepeat = counter === before && !discontinuity && sameBytes(payload, this.#last.subarray(0, this.#lastLength));
    if (isRepeat) return "repeat";
    const mayBreak = this.#mayBreak;
    this.#mayBreak = false;
    this.#counter = counter;
    this.#last.set(payload);
    this.#lastLength = payload.length;
    if (before === undefined || counter === ((before + 1) & 15)) return "next";
    // Where the sender says that counting begins again, only what is cut in the middle is lost.
    return mayBreak && start ? "next" : "lost";
  }
}
