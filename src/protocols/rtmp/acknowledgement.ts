/**
 * Says when an Acknowledgement is due (RTMP 1.0 section 5.4.3): each time another window's worth of bytes has come.
 * Counts all bytes of the connection; the number sent wraps at 2^32.
 */
export class ReceiveWindow {
  #window: number;
  #received = 0;
  #acknowledged = 0;

  /** @param window bytes between two acknowledgements, until the peer names its own. */
  constructor(window: number) {
    this.#window = window;
  }

  /** All bytes that have come, not wrapped. */
  get received(): number {
    return this.#received;
  }

  /** The peer's Window Acknowledgement Size (section 5.4.4). Nothing can be acknowledged every 0 bytes: 0 is ignored. */
  set window(bytes: number) {
    if (bytes > 0) this.#window = bytes;
  }

  /** Counts bytes. Returns the sequence number to acknowledge, or undefined if none is due. */
  count(bytes: number): number | undefined {
    this.#received += bytes;
    if (this.#received - this.#acknowledged < this.#window) return undefined;
    this.#acknowledged = this.#received;
    return this.#received % 0x1_0000_0000;
  }
}
