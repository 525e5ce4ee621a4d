import { ProtocolError } from "../../bytes/protocol-error.ts";
import { sameBytes } from "../../bytes/same-bytes.ts";
import { annexBUnits } from "../../media/annex-b.ts";
import { av1ConfigFrom, av1HasSequence, av1Sample } from "../../media/av1.ts";
import { parseAvcConfig, withAvcLengthSizeFour } from "../../media/avc.ts";
import { describeVideo, frameAccess } from "../../media/describe.ts";
import { withFlashTagByte } from "../../media/flash-video.ts";
import type { FrameAccess } from "../../media/frame.ts";
import { Access, Sap } from "../../media/frame.ts";
import { parseHevcConfig, withHevcLengthSizeFour } from "../../media/hevc.ts";
import { InBandVideo } from "../../media/in-band-video.ts";
import { jpegHead } from "../../media/jpeg.ts";
import type { NalLengthSize } from "../../media/nal.ts";
import { withFourByteLengths } from "../../media/nal.ts";
import { frameRateOf } from "../../media/picture.ts";
import { Codec, TrackKind } from "../../media/track.ts";
import type { VideoTrack } from "../../media/track.ts";
import { parseVp8KeyFrame, parseVp9KeyFrame, vpcConfigFrom, vpcConfigFromKeyFrame } from "../../media/vp9.ts";
import type { PictureSize, Vp9KeyFrame } from "../../media/vp9.ts";
import { vp9LevelIn } from "./codec-id.ts";
import type { CodecAndRecord } from "./codec-id.ts";
import type { SourceBase } from "./source.ts";
import type { TrackEntry } from "./track-entry.ts";

/** Bytes of a decoder configuration record. Real ones have less than 1 KiB. */
const MAX_RECORD = 64 * 1024;

/** A frame in the form ours have. */
export interface SourceVideo extends FrameAccess {
  readonly data: Uint8Array;
}

const nowhere: PictureSize = { width: 0, height: 0 };
const none = new Uint8Array(0);

/**
 * One video track as its entry and its blocks tell of it. Browsers that record leave CodecPrivate out: H.264 comes with start codes and its
 * parameter sets among the pictures then, AV1, VP8 and VP9 say in their key frames what they are. Those may change on the way.
 */
export class VideoSource {
  readonly #base: SourceBase;
  readonly #entry: TrackEntry;
  readonly #codec: Codec;
  #lengthSize: NalLengthSize = 4;
  /** H.264 or HEVC with start codes. */
  readonly #inBand: InBandVideo | undefined;
  /** The record is complete and does not change. */
  readonly #isFixed: boolean;
  #track: VideoTrack | undefined;
  #reorderDepth: number | undefined = 0;

  /** @throws ProtocolError if the record is broken */
  constructor(base: SourceBase, entry: TrackEntry, { codec, record }: CodecAndRecord) {
    this.#base = base;
    this.#entry = entry;
    this.#codec = codec;
    if (record.length > MAX_RECORD)
      throw new ProtocolError("limit", `decoder configuration of ${record.length} bytes, ${MAX_RECORD} allowed`);
    const isNal = codec === Codec.avc || codec === Codec.hevc;
    this.#inBand = isNal && !isRecord(record) ? new InBandVideo(codec) : undefined;
    this.#isFixed = this.#inBand === undefined && !isToldByPictures(codec, record);
    // Motion JPEG may be of another size than its entry says, but is one of the tracks from the beginning on.
    if (this.#isFixed || codec === Codec.mjpeg) this.#fix(record);
  }

  /** The track, once enough is known of it. Another object where it has changed. */
  get track(): VideoTrack | undefined {
    return this.#track;
  }

  /** Frames that can precede one in decoding order and follow it in display; undefined where that is not said. */
  get reorderDepth(): number | undefined {
    return this.#reorderDepth;
  }

  /**
   * Undefined if it cannot be placed: nothing has said yet what the track is.
   *
   * @throws ProtocolError if its NAL units or OBUs are not what their lengths say
   */
  frame(data: Uint8Array, isKey: boolean, discardable: boolean): SourceVideo | undefined {
    const frame = this.#inBand === undefined ? { data: this.#payload(data, isKey) } : this.#fromStartCodes(this.#inBand, data);
    if (frame === undefined) return undefined;
    if (!this.#isFixed && this.#inBand === undefined) this.#learn(frame.data);
    if (this.#track === undefined) return undefined;
    const known = frameAccess(this.#codec, this.#track.config, frame.data);
    const access = known ?? (isKey ? Access.closed : Access.none);
    const { sap, discardable: unused } = access.sap === Sap.none && discardable ? Access.discardable : access;
    return { data: frame.data, sap, discardable: unused };
  }

  #payload(data: Uint8Array, isKey: boolean): Uint8Array {
    if (this.#codec === Codec.avc || this.#codec === Codec.hevc) return withFourByteLengths(data, this.#lengthSize);
    return this.#codec === Codec.av1 ? av1Sample(data) : withFlashTagByte(this.#codec, data, isKey);
  }

  #fromStartCodes(inBand: InBandVideo, data: Uint8Array): { readonly data: Uint8Array } | undefined {
    const frame = inBand.frame(annexBUnits(data));
    const { config } = inBand;
    if (config.length > 0 && config !== this.#track?.config) this.#declare(config, nowhere);
    return frame;
  }

  /** Takes from a key frame what it says of its track. */
  #learn(data: Uint8Array): void {
    if (this.#codec === Codec.vp9) return this.#learnVp9(parseVp9KeyFrame(data));
    if (this.#codec === Codec.vp8) {
      const size = parseVp8KeyFrame(data);
      if (size !== undefined) this.#declare(none, size);
    } else if (this.#codec === Codec.mjpeg) {
      const size = jpegHead(data);
      if (size !== undefined) this.#declare(this.#track!.config, size);
    } else if (frameAccess(Codec.av1, none, data)?.sap === Sap.closed) {
      // Without a sequence header it would not be one to start at.
      this.#declare(av1ConfigFrom(data), nowhere);
    }
  }

  #learnVp9(key: Vp9KeyFrame | undefined): void {
    if (key === undefined) return;
    const { transfer = 2, primaries = 2 } = this.#entry.video?.colour ?? {};
    const level = vp9LevelIn(this.#entry.codecPrivate);
    this.#declare(vpcConfigFrom({ ...vpcConfigFromKeyFrame(key), level, transfer, primaries }), key);
  }

  #fix(record: Uint8Array): void {
    if (this.#codec === Codec.avc) {
      this.#lengthSize = parseAvcConfig(record).lengthSize;
      this.#declare(withAvcLengthSizeFour(record), nowhere);
    } else if (this.#codec === Codec.hevc) {
      this.#lengthSize = parseHevcConfig(record).lengthSize;
      this.#declare(withHevcLengthSizeFour(record), nowhere);
    } else this.#declare(record, nowhere);
  }

  /** An equal one leaves the track the same object. */
  #declare(config: Uint8Array, size: PictureSize): void {
    const before = this.#track;
    if (before !== undefined && sameBytes(before.config, config) && (size === nowhere || sameSize(before, size))) return;
    const { width, height, frameRate, codecString } = describeVideo(this.#codec, config);
    const { video, defaultDuration } = this.#entry;
    this.#reorderDepth = reorderDepth(this.#codec, config);
    this.#track = {
      kind: TrackKind.video,
      ...this.#base,
      codec: this.#codec,
      config,
      codecString,
      width: size.width || width || video?.width || 0,
      height: size.height || height || video?.height || 0,
      frameRate: frameRate || frameRateOf(1e9, defaultDuration),
    };
  }
}

function sameSize(a: PictureSize, b: PictureSize): boolean {
  return a.width === b.width && a.height === b.height;
}

/** A CodecPrivate that is a record, and not absent or parameter sets behind start codes. */
function isRecord(data: Uint8Array): boolean {
  return data.length > 0 && !(data[0] === 0 && data[1] === 0);
}

/** Key frames say what the track is, and may say another thing later. */
function isToldByPictures(codec: Codec, record: Uint8Array): boolean {
  if (codec === Codec.av1) return record[0] !== 0x81 || !av1HasSequence(record);
  return codec === Codec.vp8 || codec === Codec.vp9 || codec === Codec.mjpeg;
}

function reorderDepth(codec: Codec, config: Uint8Array): number | undefined {
  switch (codec) {
    case Codec.avc:
      return parseAvcConfig(config).reorderFrames;
    case Codec.hevc:
      return parseHevcConfig(config).reorderFrames;
    case Codec.vvc:
      return undefined;
    // Whether there are B-frames is said too deep in them.
    case Codec.mpeg1video:
    case Codec.mpeg2video:
    case Codec.mpeg4:
      return 1;
    default:
      return 0;
  }
}
