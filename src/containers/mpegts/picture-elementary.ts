/** What elementary streams of video have in common, whatever their codec. */
import type { Elementary, ElementarySink } from "./elementary.ts";
import { PacketJoiner } from "./packet-joiner.ts";
import type { PacketJoinerSink } from "./packet-joiner.ts";
import type { Stamps } from "./pes.ts";
import { PictureTimes } from "./picture-times.ts";

/** Puts together pictures that are spread over several packets, and keeps their times. */
export abstract class PictureElementary implements Elementary, PacketJoinerSink {
  protected readonly sink: ElementarySink;
  protected readonly times = new PictureTimes();
  readonly #packets = new PacketJoiner(this);

  constructor(sink: ElementarySink) {
    this.sink = sink;
  }

  abstract pictures(payload: Uint8Array, stamps: Stamps | undefined): void;

  packet(payload: Uint8Array, stamps: Stamps | undefined, isFull: boolean): void {
    this.#packets.packet(payload, stamps, isFull);
  }

  interrupted(): void {
    this.#packets.drop();
    this.times.interrupt();
  }

  flush(): void {
    this.#packets.flush();
  }

  dropped(): void {
    this.sink.dropped();
  }
}
