import { ProtocolError } from "../../bytes/protocol-error.ts";
import { adtsFrames, isAdts } from "../../media/aac-adts.ts";
import { AAC_SAMPLE_RATES, AacObjectType, aacConfigFrom } from "../../media/aac.ts";
import { sameBytes } from "../../bytes/same-bytes.ts";
import type { SelfDescribed } from "../../media/describe.ts";
import { describeAudio, describeAudioFrame } from "../../media/describe.ts";
import { flacStreamInfo } from "../../media/flac.ts";
import { Access } from "../../media/frame.ts";
import { OPUS_SAMPLE_RATE, opusHeadFrom } from "../../media/opus.ts";
import { Codec, TrackKind } from "../../media/track.ts";
import type { AudioTrack } from "../../media/track.ts";
import { wmaFormatFrom } from "../../media/wave-format.ts";
import type { FfmFrame } from "./reader.ts";
import type { SourcePart, SourceStream, TrackIdentity } from "./source-stream.ts";
import type { FfmStream } from "./stream-info.ts";

const EMPTY = new Uint8Array(0);
/** Frames in one packet of ADTS; real ones have one. */
const MAX_ADTS_FRAMES = 64;

/**
 * One stream of audio: what the header says of it, and frames made into the form ours have.
 *
 * AAC is raw with its configuration in the header; or raw with the configuration only in the options, as FFmpeg 3.1 writes it where it is
 * not told `-flags +global_header`; or in ADTS.
 */
export class AudioStream implements SourceStream {
  readonly #stream: FfmStream;
  readonly #codec: Codec;
  readonly #identity: TrackIdentity;
  #track: AudioTrack | undefined;

  /** @throws ProtocolError where the extradata is broken */
  constructor(stream: FfmStream, codec: Codec, identity: TrackIdentity) {
    this.#stream = stream;
    this.#codec = codec;
    this.#identity = identity;
    const config = configIn(stream, codec);
    if (config !== undefined) this.#declare(config, describeAudio(codec, config));
  }

  get track(): AudioTrack | undefined {
    return this.#track;
  }

  /** @throws ProtocolError if it is not of its codec */
  frames({ data }: FfmFrame): readonly SourcePart[] {
    if (data.length === 0) return [];
    if (this.#codec === Codec.aac && this.#stream.extradata.length === 0) return this.#aac(data);
    if (this.#track === undefined && isSelfDescribed(this.#codec)) {
      const { config, ...sound } = describeAudioFrame(this.#codec, data);
      this.#declare(config, sound);
    }
    return this.#track === undefined ? [] : [{ ...Access.closed, data }];
  }

  /** AAC of which the header has no configuration: the frame's own, or what the options say. */
  #aac(data: Uint8Array): readonly SourcePart[] {
    if (!isAdts(data)) {
      if (this.#track === undefined) this.#configureAac(aacConfigOf(this.#stream));
      return [{ ...Access.closed, data }];
    }
    const parts: SourcePart[] = [];
    for (const frame of adtsFrames(data)) {
      if (parts.length === MAX_ADTS_FRAMES) throw new ProtocolError("limit", `more than ${MAX_ADTS_FRAMES} ADTS frames in a packet`);
      this.#configureAac(frame.config);
      const { samplesPerFrame, sampleRate } = this.#track!;
      parts.push({ ...Access.closed, data: frame.data, later: Math.round((parts.length * samplesPerFrame * 1e6) / sampleRate) });
    }
    return parts;
  }

  #configureAac(config: Uint8Array): void {
    if (this.#track !== undefined && sameBytes(config, this.#track.config)) return;
    this.#declare(config, describeAudio(Codec.aac, config));
  }

  #declare(config: Uint8Array, sound: Pick<AudioTrack, "sampleRate" | "channels" | "samplesPerFrame" | "codecString">): void {
    const { bitRate } = this.#stream;
    this.#track = {
      kind: TrackKind.audio,
      ...this.#identity,
      codec: this.#codec,
      config,
      ...(bitRate > 0 && { bitRate }),
      codecString: sound.codecString,
      sampleRate: sound.sampleRate || numberIn(this.#stream, "ar", MAX_SAMPLE_RATE),
      channels: sound.channels || numberIn(this.#stream, "ac", MAX_CHANNELS),
      samplesPerFrame: sound.samplesPerFrame || numberIn(this.#stream, "frame_size", MAX_FRAME_SIZE),
    };
  }
}

const MAX_SAMPLE_RATE = 768_000;
const MAX_CHANNELS = 255;
const MAX_FRAME_SIZE = 65_536;

/** A whole number among the options; 0 where there is none, or an absurd one. */
function numberIn({ options }: FfmStream, name: string, most: number): number {
  const text = options.get(name) ?? "";
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  return value <= most ? value : 0;
}

/** The configuration that the header has; undefined where only frames tell it, or nobody. */
function configIn(stream: FfmStream, codec: Codec): Uint8Array | undefined {
  const { extradata } = stream;
  switch (codec) {
    case Codec.aac:
    case Codec.vorbis:
      return extradata.length > 0 ? extradata : undefined;
    case Codec.opus:
      return extradata.length > 0 ? extradata : opusConfigOf(stream);
    case Codec.flac:
      return extradata.length > 0 ? new Uint8Array(flacStreamInfo(extradata)) : undefined;
    case Codec.wmav1:
    case Codec.wmav2:
      return extradata.length > 0 ? wmaConfigOf(stream, codec) : undefined;
    default:
      if (isSelfDescribed(codec)) return undefined;
      return codec === Codec.speex ? EMPTY : extradata;
  }
}

function isSelfDescribed(codec: Codec): codec is SelfDescribed {
  return codec === Codec.mp3 || codec === Codec.mp2 || codec === Codec.ac3 || codec === Codec.eac3;
}

/** The configuration that FFmpeg's options for AAC stand for: `profile` is the object type less one. @throws ProtocolError */
function aacConfigOf(stream: FfmStream): Uint8Array {
  const sampleRate = numberIn(stream, "ar", MAX_SAMPLE_RATE);
  const channels = numberIn(stream, "ac", 8);
  const profile = stream.options.get("profile") ?? "";
  if (!AAC_SAMPLE_RATES.includes(sampleRate) || channels === 0 || channels === 7)
    throw new ProtocolError("malformed", `FFM: AAC of ${sampleRate} Hz and ${channels} channels, and no configuration in the header`);
  const objectType = /^[0-3]$/.test(profile) ? Number(profile) + 1 : AacObjectType.lc;
  return aacConfigFrom({ objectType, sampleRate, channelConfig: channels === 8 ? 7 : channels });
}

/** The head that FFmpeg's options for Opus stand for. @throws ProtocolError */
function opusConfigOf(stream: FfmStream): Uint8Array {
  const channels = numberIn(stream, "ac", 2);
  if (channels === 0) throw new ProtocolError("malformed", "FFM: Opus of more than 2 channels, and no configuration in the header");
  const preSkip = numberIn(stream, "delay", 0xffff);
  return opusHeadFrom({ channels, preSkip, inputSampleRate: OPUS_SAMPLE_RATE, outputGain: 0, mappingFamily: 0, mappingTable: EMPTY });
}

/** WAVEFORMATEX, put together from extradata, options and bit rate. */
function wmaConfigOf(stream: FfmStream, codec: typeof Codec.wmav1 | typeof Codec.wmav2): Uint8Array {
  return wmaFormatFrom(codec, {
    channels: numberIn(stream, "ac", MAX_CHANNELS),
    sampleRate: numberIn(stream, "ar", MAX_SAMPLE_RATE),
    bitRate: stream.bitRate,
    blockAlign: numberIn(stream, "block_align", 0xffff),
    extradata: stream.extradata,
  });
}
