import { ProtocolError } from "../../bytes/protocol-error.ts";
import { annexBUnits } from "../../media/annex-b.ts";
import { parseAvcConfig, withAvcLengthSizeFour } from "../../media/avc.ts";
import { describeVideo, frameAccess } from "../../media/describe.ts";
import { withFlashTagByte } from "../../media/flash-video.ts";
import { Access } from "../../media/frame.ts";
import { parseHevcConfig, withHevcLengthSizeFour } from "../../media/hevc.ts";
import { InBandVideo } from "../../media/in-band-video.ts";
import { jpegHead } from "../../media/jpeg.ts";
import { withFourByteLengths } from "../../media/nal.ts";
import { MAX_PICTURE_SIDE, frameRateOf } from "../../media/picture.ts";
import { Codec, TrackKind } from "../../media/track.ts";
import type { VideoTrack } from "../../media/track.ts";
import { parseVp8KeyFrame, parseVp9KeyFrame, vpcConfigFrom, vpcConfigFromKeyFrame } from "../../media/vp9.ts";
import type { FfmFrame } from "./reader.ts";
import type { FfmStream } from "./stream-info.ts";
import type { SourcePart, SourceStream, TrackIdentity } from "./source-stream.ts";

const EMPTY = new Uint8Array(0);

/**
 * One stream of video: what the header says of it, and frames made into the form ours have.
 *
 * H.264 and HEVC come behind start codes, with their parameter sets in the header or among the frames, or behind lengths where the header has
 * the record of MP4. Which of the others are key frames the frames' flags say.
 */
export class VideoStream implements SourceStream {
  readonly #stream: FfmStream;
  readonly #identity: TrackIdentity;
  readonly #codec: Codec;
  readonly #inBand: InBandVideo | undefined;
  readonly #lengthSize: 1 | 2 | 4 = 4;
  #track: VideoTrack | undefined;

  /** @throws ProtocolError where the extradata is broken */
  constructor(stream: FfmStream, codec: Codec, identity: TrackIdentity) {
    this.#stream = stream;
    this.#codec = codec;
    this.#identity = identity;
    const { extradata } = stream;
    if (codec === Codec.avc || codec === Codec.hevc) {
      // The first byte of a record is its version; start codes begin with 0.
      if (extradata[0] === 1) {
        this.#lengthSize = (codec === Codec.avc ? parseAvcConfig(extradata) : parseHevcConfig(extradata)).lengthSize;
        this.#declare(codec === Codec.avc ? withAvcLengthSizeFour(extradata) : withHevcLengthSizeFour(extradata));
      } else {
        this.#inBand = new InBandVideo(codec);
        this.#inBand.begin(annexBUnits(extradata));
        if (this.#inBand.config.length > 0) this.#declare(this.#inBand.config);
      }
    } else if (codec !== Codec.vp8 && codec !== Codec.vp9) this.#declare(extradata);
  }

  get track(): VideoTrack | undefined {
    return this.#track;
  }

  /** @throws ProtocolError if its NAL units are not what they should be */
  frames(frame: FfmFrame): readonly SourcePart[] {
    const picture = this.#inBand === undefined ? this.#whole(frame) : this.#fromUnits(this.#inBand, frame);
    return picture === undefined || picture.data.length === 0 || this.#track === undefined ? [] : [picture];
  }

  #fromUnits(inBand: InBandVideo, { data }: FfmFrame): SourcePart | undefined {
    if (!beginsWithStartCode(data))
      throw new ProtocolError("unsupported", `FFM: ${this.#codec} behind lengths, and no record in the header (-flags +global_header)`);
    const before = inBand.config;
    const picture = inBand.frame(annexBUnits(data));
    if (inBand.config !== before) this.#declare(inBand.config);
    return picture;
  }

  #whole({ data, isKey }: FfmFrame): SourcePart | undefined {
    const codec = this.#codec;
    if (codec === Codec.avc || codec === Codec.hevc) {
      const units = withFourByteLengths(data, this.#lengthSize);
      return { ...frameAccess(codec, this.#track!.config, units)!, data: units };
    }
    if (codec === Codec.mjpeg) this.#declarePictures(data);
    else if (this.#track === undefined) this.#declareVpx(data);
    const payload = withFlashTagByte(codec, data, isKey);
    return { ...(frameAccess(codec, EMPTY, payload) ?? (isKey ? Access.closed : Access.none)), data: payload };
  }

  /** VP8 and VP9 have no record in the header; the first key frame says what it would. */
  #declareVpx(data: Uint8Array): void {
    if (this.#codec === Codec.vp8) {
      const size = parseVp8KeyFrame(data);
      if (size !== undefined) this.#declare(EMPTY, size);
    } else {
      const key = parseVp9KeyFrame(data);
      if (key !== undefined) this.#declare(vpcConfigFrom(vpcConfigFromKeyFrame(key)), key);
    }
  }

  /** Every picture of Motion JPEG says how large it is, whatever the header said. */
  #declarePictures(data: Uint8Array): void {
    const size = jpegHead(data);
    if (size === undefined || (size.width === this.#track?.width && size.height === this.#track.height)) return;
    this.#declare(this.#track?.config ?? EMPTY, size);
  }

  #declare(config: Uint8Array, size = sizeOf(this.#stream)): void {
    const told = describeVideo(this.#codec, config);
    const { bitRate } = this.#stream;
    this.#track = {
      kind: TrackKind.video,
      ...this.#identity,
      codec: this.#codec,
      config,
      ...(bitRate > 0 && { bitRate }),
      codecString: told.codecString,
      width: told.width || size.width,
      height: told.height || size.height,
      frameRate: told.frameRate || frameRate(this.#stream),
    };
  }
}

/** Two zeros or more, and a one. */
function beginsWithStartCode(data: Uint8Array): boolean {
  const first = data.findIndex((byte) => byte !== 0);
  return first >= 2 && data[first] === 1;
}

function sizeOf({ options }: FfmStream): { readonly width: number; readonly height: number } {
  const [, width = 0, height = 0] = /^(\d{1,5})x(\d{1,5})$/.exec(options.get("video_size") ?? "")?.map(Number) ?? [];
  const isSize = width <= MAX_PICTURE_SIDE && height <= MAX_PICTURE_SIDE;
  return isSize ? { width, height } : { width: 0, height: 0 };
}

function frameRate({ options }: FfmStream): number {
  const [, num = 0, den = 0] = /^(\d{1,10})\/(\d{1,10})$/.exec(options.get("time_base") ?? "")?.map(Number) ?? [];
  return num > 0 ? frameRateOf(den, num) : 0;
}
