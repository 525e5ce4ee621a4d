/** H.264 and HEVC, ISO/IEC 13818-1 2.14 and 2.17: access units with their NAL units behind start codes. */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { annexBUnits } from "../../media/annex-b.ts";
import { describeVideo } from "../../media/describe.ts";
import type { InBandFrame } from "../../media/in-band-video.ts";
import { InBandVideo } from "../../media/in-band-video.ts";
import type { NalCodec } from "../../media/nal-rules.ts";
import { TrackKind } from "../../media/track.ts";
import type { ElementarySink } from "./elementary.ts";
import type { Stamps } from "./pes.ts";
import { PictureElementary } from "./picture-elementary.ts";

/** Takes a PES packet for one picture, or for several; a picture may be spread over several packets, too. */
export class VideoElementary extends PictureElementary {
  readonly #codec: NalCodec;
  readonly #units: InBandVideo;
  /** The record that the sink was told of. */
  #config: Uint8Array | undefined;

  constructor(codec: NalCodec, sink: ElementarySink) {
    super(sink);
    this.#codec = codec;
    this.#units = new InBandVideo(codec);
  }

  pictures(payload: Uint8Array, stamps: Stamps | undefined): void {
    try {
      for (const [i, units] of this.#units.pictures(annexBUnits(payload)).entries()) {
        const frame = this.#units.frame(units);
        if (frame !== undefined) this.#frame(frame, i === 0 ? stamps : undefined);
        else if (this.#units.config.length === 0) this.sink.dropped();
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.sink.dropped();
    }
  }

  #frame(frame: InBandFrame, stamps: Stamps | undefined): void {
    if (this.#config !== this.#units.config) this.#declare(this.#units.config);
    const times = this.times.place(stamps, frame.discardable);
    if (times === undefined) this.sink.dropped();
    else this.sink.frame({ ...times, ...frame });
  }

  #declare(config: Uint8Array): void {
    const description = describeVideo(this.#codec, config);
    this.#config = config;
    this.times.frameRate = description.frameRate;
    this.sink.track({ kind: TrackKind.video, codec: this.#codec, config, ...description });
  }
}
