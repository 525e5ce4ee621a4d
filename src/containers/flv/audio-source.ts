import { ProtocolError } from "../../bytes/protocol-error.ts";
import { sameBytes } from "../../bytes/same-bytes.ts";
import { Writer } from "../../bytes/writer.ts";
import type { SelfDescribed } from "../../media/describe.ts";
import { describeAudio, describeAudioFrame } from "../../media/describe.ts";
import type { AudioTrack } from "../../media/track.ts";
import { Codec, TrackKind } from "../../media/track.ts";
import type { AudioItem } from "./audio-tag.ts";
import { legacySound } from "./audio-tag.ts";
import { MAX_CONFIG } from "./video-source.ts";

type FrameItem = Extract<AudioItem, { kind: "frame" }>;

const EMPTY = new Uint8Array(0);

/** One audio track as its tags tell of it. */
export class AudioSource {
  readonly #id: number;
  readonly #isDefault: boolean;
  #track: AudioTrack | undefined;

  constructor(id: number, isDefault: boolean) {
    this.#id = id;
    this.#isDefault = isDefault;
  }

  /** The track, once its configuration or, for codecs without one, a frame has come. */
  get track(): AudioTrack | undefined {
    return this.#track;
  }

  /**
   * Takes a sequence header. An equal one leaves the track the same object; one of a codec that needs none says nothing.
   *
   * @throws ProtocolError if it is broken
   */
  configure(codec: Codec, config: Uint8Array): void {
    if (!isConfigured(codec)) return;
    if (config.length > MAX_CONFIG)
      throw new ProtocolError("limit", `decoder configuration of ${config.length} bytes, ${MAX_CONFIG} allowed`);
    const record = codec === Codec.opus && config.length === 0 ? defaultOpusHead() : config;
    if (codec === this.#track?.codec && sameBytes(record, this.#track.config)) return;
    this.#declare(codec, new Uint8Array(record), describeAudio(codec, record), undefined);
  }

  /**
   * Makes the track known from a frame where it was not, or was another.
   *
   * @returns whether the frame can be placed; not so before the configuration of a codec that cannot do without
   */
  frame({ codec, data, flvHeader }: FrameItem): boolean {
    if (codec === this.#track?.codec && (flvHeader === this.#track.flvHeader || codec === Codec.mp3)) return true;
    if (codec === Codec.opus) this.configure(codec, EMPTY);
    else if (isDescribedByFrame(codec)) {
      const { config, ...sound } = describeAudioFrame(codec, data);
      this.#declare(codec, config, sound, flvHeader);
    } else if (flvHeader !== undefined) {
      this.#declare(codec, EMPTY, { ...legacySound(flvHeader), samplesPerFrame: 0, codecString: "" }, flvHeader);
    }
    return codec === this.#track?.codec;
  }

  #declare(
    codec: Codec,
    config: Uint8Array,
    sound: Pick<AudioTrack, "sampleRate" | "channels" | "samplesPerFrame" | "codecString">,
    flvHeader: number | undefined,
  ): void {
    this.#track = {
      kind: TrackKind.audio,
      id: this.#id,
      codec,
      config,
      timescale: 1000,
      isDefault: this.#isDefault,
      sampleRate: sound.sampleRate,
      channels: sound.channels,
      samplesPerFrame: sound.samplesPerFrame,
      codecString: sound.codecString,
      ...(flvHeader === undefined ? {} : { flvHeader }),
    };
  }
}

function isConfigured(codec: Codec): boolean {
  return codec === Codec.aac || codec === Codec.opus || codec === Codec.flac;
}

function isDescribedByFrame(codec: Codec): codec is SelfDescribed {
  return codec === Codec.mp3 || codec === Codec.ac3 || codec === Codec.eac3;
}

/** What Enhanced RTMP means by an Opus track without a header: 48 kHz stereo, mapping family 0 (RFC 7845 5.1). */
function defaultOpusHead(): Uint8Array {
  return new Writer(19).ascii("OpusHead").u8(1).u8(2).u16le(0).u32le(48_000).u16le(0).u8(0).done();
}
