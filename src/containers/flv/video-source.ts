import { ProtocolError } from "../../bytes/protocol-error.ts";
import { sameBytes } from "../../bytes/same-bytes.ts";
import { av1Sample } from "../../media/av1.ts";
import { parseAvcConfig, withAvcLengthSizeFour } from "../../media/avc.ts";
import { describeVideo, frameAccess } from "../../media/describe.ts";
import type { FrameAccess } from "../../media/frame.ts";
import { Access, Sap } from "../../media/frame.ts";
import { parseHevcConfig, withHevcLengthSizeFour } from "../../media/hevc.ts";
import type { NalLengthSize } from "../../media/nal.ts";
import { withFourByteLengths } from "../../media/nal.ts";
import type { Metadata, VideoTrack } from "../../media/track.ts";
import { Codec, TrackKind } from "../../media/track.ts";
import { parseVp8KeyFrame, parseVp9KeyFrame } from "../../media/vp9.ts";
import { positive } from "./metadata.ts";
import type { VideoItem } from "./video-tag.ts";
import { VideoFrameType } from "./video-tag.ts";

/** Bytes of a decoder configuration record. Real ones have less than 1 KiB. */
export const MAX_CONFIG = 64 * 1024;

export interface SourceVideo extends FrameAccess {
  readonly data: Uint8Array;
}

type FrameItem = Extract<VideoItem, { kind: "frame" }>;

/** One video track as its tags tell of it: its configuration, and frames made into the form ours have. */
export class VideoSource {
  readonly #id: number;
  readonly #isDefault: boolean;
  /** The configuration as it came, by which a repeated one is known. */
  #codec: Codec | undefined;
  #config: Uint8Array = new Uint8Array(0);
  #lengthSize: NalLengthSize = 4;
  #track: VideoTrack | undefined;

  constructor(id: number, isDefault: boolean) {
    this.#id = id;
    this.#isDefault = isDefault;
  }

  /** The track, once enough is known of it. VP8 and VP9 tell their size in the first key frame only. */
  get track(): VideoTrack | undefined {
    return this.#track;
  }

  /**
   * Takes a sequence header. An equal one leaves the track the same object.
   *
   * @param metadata for what the configuration does not say
   * @throws ProtocolError if it is broken
   */
  configure(codec: Codec, config: Uint8Array, metadata: Metadata): void {
    if (codec === this.#codec && sameBytes(config, this.#config)) return;
    if (config.length > MAX_CONFIG)
      throw new ProtocolError("limit", `decoder configuration of ${config.length} bytes, ${MAX_CONFIG} allowed`);
    this.#lengthSize = lengthSizeOf(codec, config);
    this.#track = undefined;
    this.#codec = codec;
    this.#config = new Uint8Array(config); // slice() of a Buffer would be a view
    if (codec !== Codec.vp8 && codec !== Codec.vp9) this.#declare({ width: 0, height: 0 }, metadata);
  }

  /**
   * A frame in our form; undefined if it cannot be placed: no configuration came before it.
   *
   * @throws ProtocolError if its NAL units or OBUs are not what their lengths say
   */
  frame(item: FrameItem, metadata: Metadata): SourceVideo | undefined {
    if (item.codec !== this.#codec && isOpaque(item.codec)) this.configure(item.codec, new Uint8Array(0), metadata);
    if (item.codec !== this.#codec) return undefined;
    const data = this.#payload(item);
    if (this.#track === undefined) {
      const size = item.codec === Codec.vp8 ? parseVp8KeyFrame(data) : parseVp9KeyFrame(data);
      if (size !== undefined) this.#declare(size, metadata);
    }
    if (this.#track === undefined) return undefined;
    const { sap, discardable } = this.#access(item, data, this.#track);
    return { data, sap, discardable };
  }

  #payload({ codec, data }: FrameItem): Uint8Array {
    if (codec === Codec.avc || codec === Codec.hevc) return withFourByteLengths(data, this.#lengthSize);
    return codec === Codec.av1 ? av1Sample(data) : data;
  }

  #access({ codec, frameType }: FrameItem, data: Uint8Array, track: VideoTrack): FrameAccess {
    const access = frameAccess(codec, track.config, data) ?? declaredAccess(frameType);
    return access.sap === Sap.none && frameType === VideoFrameType.disposable ? Access.discardable : access;
  }

  #declare(size: { readonly width: number; readonly height: number }, metadata: Metadata): void {
    const codec = this.#codec!;
    const config = withFourByteRecord(codec, this.#config);
    const { width, height, frameRate, codecString } = describeVideo(codec, config);
    this.#track = {
      kind: TrackKind.video,
      id: this.#id,
      codec,
      config,
      timescale: 1000,
      isDefault: this.#isDefault,
      codecString,
      width: size.width || width || positive(metadata, "width"),
      height: size.height || height || positive(metadata, "height"),
      frameRate: frameRate || positive(metadata, "framerate"),
    };
  }
}

/** Codecs we read nothing of: there is no configuration, or we take it as it is. */
function isOpaque(codec: Codec): boolean {
  return codec === Codec.h263 || codec === Codec.screen || codec === Codec.vp6;
}

function lengthSizeOf(codec: Codec, config: Uint8Array): NalLengthSize {
  if (codec === Codec.avc) return parseAvcConfig(config).lengthSize;
  return codec === Codec.hevc ? parseHevcConfig(config).lengthSize : 4;
}

function withFourByteRecord(codec: Codec, config: Uint8Array): Uint8Array {
  if (codec === Codec.avc) return withAvcLengthSizeFour(config);
  return codec === Codec.hevc ? withHevcLengthSizeFour(config) : config;
}

/** What its tag says of it. */
function declaredAccess(frameType: number): FrameAccess {
  return frameType === VideoFrameType.key || frameType === VideoFrameType.generatedKey ? Access.closed : Access.none;
}
