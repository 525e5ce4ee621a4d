/** H.264 and HEVC, ISO/IEC 13818-1 2.14 and 2.17: access units with their NAL units behind start codes. */
import { joined } from "../../bytes/joined.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { annexBUnits } from "../../media/annex-b.ts";
import { describeVideo } from "../../media/describe.ts";
import type { InBandFrame } from "../../media/in-band-video.ts";
import { InBandVideo } from "../../media/in-band-video.ts";
import type { NalCodec } from "../../media/nal-rules.ts";
import { TrackKind } from "../../media/track.ts";
import type { Elementary, ElementarySink } from "./elementary.ts";
import { MAX_PES } from "./pes-assembler.ts";
import type { Stamps } from "./pes.ts";
import { PictureTimes } from "./picture-times.ts";

/**
 * Takes a PES packet for one picture, or for several; a picture may be spread over several packets where they are as long as they can be, and the
 * others have no stamps.
 */
export class VideoElementary implements Elementary {
  readonly #codec: NalCodec;
  readonly #sink: ElementarySink;
  readonly #units: InBandVideo;
  readonly #times = new PictureTimes();
  /** What may go on in the next packet. */
  #held: { readonly pieces: Uint8Array[]; readonly stamps: Stamps | undefined; length: number } | undefined;
  /** The record that the sink was told of. */
  #config: Uint8Array | undefined;

  constructor(codec: NalCodec, sink: ElementarySink) {
    this.#codec = codec;
    this.#sink = sink;
    this.#units = new InBandVideo(codec);
  }

  packet(payload: Uint8Array, stamps: Stamps | undefined, isFull: boolean): void {
    if (stamps !== undefined) this.flush();
    if (this.#held === undefined && !isFull) return this.#accessUnits(payload, stamps);
    const held = (this.#held ??= { pieces: [], stamps, length: 0 });
    held.pieces.push(new Uint8Array(payload));
    held.length += payload.length;
    if (held.length > MAX_PES) this.interrupted();
    else if (!isFull) this.flush();
  }

  interrupted(): void {
    if (this.#held !== undefined) this.#sink.dropped();
    this.#held = undefined;
    this.#times.interrupt();
  }

  flush(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#accessUnits(joined(held.pieces), held.stamps);
  }

  #accessUnits(payload: Uint8Array, stamps: Stamps | undefined): void {
    try {
      for (const [i, units] of this.#units.pictures(annexBUnits(payload)).entries()) {
        const frame = this.#units.frame(units);
        if (frame !== undefined) this.#frame(frame, i === 0 ? stamps : undefined);
        else if (this.#units.config.length === 0) this.#sink.dropped();
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#sink.dropped();
    }
  }

  #frame(frame: InBandFrame, stamps: Stamps | undefined): void {
    if (this.#config !== this.#units.config) this.#declare(this.#units.config);
    const times = stamps === undefined ? this.#times.guess(frame.discardable) : this.#times.stamped(stamps, frame.discardable);
    if (times === undefined) this.#sink.dropped();
    else this.#sink.frame({ ...times, ...frame });
  }

  #declare(config: Uint8Array): void {
    const description = describeVideo(this.#codec, config);
    this.#config = config;
    this.#times.frameRate = description.frameRate;
    this.#sink.track({ kind: TrackKind.video, codec: this.#codec, config, ...description });
  }
}
