/** MPEG-1, MPEG-2 and MPEG-4 part 2 video, which travel as they are. */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { sameBytes } from "../../bytes/same-bytes.ts";
import { readMpeg4Picture, readMpegPicture } from "../../media/mpeg-video.ts";
import type { MpegPicture, MpegSequence } from "../../media/mpeg-video.ts";
import { TrackKind } from "../../media/track.ts";
import type { ElementarySink } from "./elementary.ts";
import type { Stamps } from "./pes.ts";
import { PictureElementary } from "./picture-elementary.ts";

/** Takes each PES packet for one picture, as encoders and broadcasters send them; one may be spread over several packets. */
export class MpegVideoElementary extends PictureElementary {
  readonly #read: (data: Uint8Array) => MpegPicture | undefined;
  #sequence: MpegSequence | undefined;

  /** @param isMpeg4 of the fourth sort, not of the first two */
  constructor(isMpeg4: boolean, sink: ElementarySink) {
    super(sink);
    this.#read = isMpeg4 ? readMpeg4Picture : readMpegPicture;
  }

  pictures(payload: Uint8Array, stamps: Stamps | undefined): void {
    const picture = this.#picture(payload);
    if (picture?.sequence !== undefined && !isSame(this.#sequence, picture.sequence)) this.#declare(picture.sequence);
    const isKnown = picture !== undefined && this.#sequence !== undefined;
    const times = isKnown ? this.times.place(stamps, picture.access.discardable) : undefined;
    if (times === undefined) this.sink.dropped();
    else this.sink.frame({ ...times, ...picture!.access, data: new Uint8Array(payload) });
  }

  #picture(payload: Uint8Array): MpegPicture | undefined {
    try {
      return this.#read(payload);
    } catch (error) {
      if (error instanceof ProtocolError) return undefined;
      throw error;
    }
  }

  #declare(sequence: MpegSequence): void {
    const { codec, width, height, frameRate } = sequence;
    const config = new Uint8Array(sequence.config);
    this.#sequence = { ...sequence, config };
    this.times.frameRate = frameRate;
    this.sink.track({ kind: TrackKind.video, codec, config, width, height, frameRate, codecString: "" });
  }
}

function isSame(a: MpegSequence | undefined, b: MpegSequence): boolean {
  if (a === undefined || a.codec !== b.codec || a.width !== b.width || a.height !== b.height) return false;
  return a.frameRate === b.frameRate && sameBytes(a.config, b.config);
}
