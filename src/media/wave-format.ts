/**
 * WAVEFORMATEX (Microsoft, mmreg.h): what WAV files, and Matroska by A_MS/ACM, say of their sound. Both directions; all words little-endian.
 * Tracks of Windows Media Audio have it as their configuration.
 */
import { Reader } from "../bytes/reader.ts";
import { Writer } from "../bytes/writer.ts";
import { Codec } from "./track.ts";
import type { AudioTrack } from "./track.ts";

/** Format tags. */
const FormatTag = { pcm: 1, alaw: 6, mulaw: 7, wmav1: 0x160, wmav2: 0x161 } as const;

/** Bytes of the structure, without what a codec puts behind it. */
const LENGTH = 18;
/** What 16-bit containers of PCM had before the last field was there. */
const SHORT_LENGTH = 16;

export interface WaveFormat {
  readonly codec: Codec;
  readonly channels: number;
  readonly sampleRate: number;
  /** Bits per second; 0 where not said. */
  readonly bitRate: number;
  /** Bytes of a coded block; 0 where not said. */
  readonly blockAlign: number;
  /** What the codec puts behind the structure: a view. */
  readonly extradata: Uint8Array;
}

/** Undefined for formats that we do not carry, such as PCM of other than 16 bits. Throws `ProtocolError` where it is cut short. */
export function readWaveFormat(data: Uint8Array): WaveFormat | undefined {
  const reader = new Reader(data);
  const tag = reader.u16le();
  const channels = reader.u16le();
  const sampleRate = reader.u32le();
  const bitRate = reader.u32le() * 8;
  const blockAlign = reader.u16le();
  const bits = reader.u16le();
  const codec = codecOf(tag, bits);
  if (codec === undefined) return undefined;
  const extradata = data.length > SHORT_LENGTH ? reader.bytes(reader.u16le()) : reader.rest();
  return { codec, channels, sampleRate, bitRate, blockAlign, extradata };
}

function codecOf(tag: number, bits: number): Codec | undefined {
  switch (tag) {
    case FormatTag.pcm:
      return bits === 16 ? Codec.pcmLe : undefined;
    case FormatTag.alaw:
      return Codec.pcmAlaw;
    case FormatTag.mulaw:
      return Codec.pcmMulaw;
    case FormatTag.wmav1:
      return Codec.wmav1;
    case FormatTag.wmav2:
      return Codec.wmav2;
    default:
      return undefined;
  }
}

/** Bits of a PCM sample: 8 only where an FLV tag says so. */
export function pcmBits({ flvHeader }: AudioTrack): 8 | 16 {
  return flvHeader !== undefined && (flvHeader & 2) === 0 ? 8 : 16;
}

/** The structure for a track; undefined for codecs that have no tag. */
export function waveFormatOf(track: AudioTrack): Uint8Array | undefined {
  const { sampleRate } = track;
  const channels = Math.max(track.channels, 1);
  const linear = (tag: number, bits: number): Uint8Array => {
    const frame = (channels * bits) / 8;
    return new Writer(LENGTH)
      .u16le(tag)
      .u16le(channels)
      .u32le(sampleRate)
      .u32le(sampleRate * frame)
      .u16le(frame)
      .u16le(bits)
      .u16le(0)
      .done();
  };
  switch (track.codec) {
    case Codec.pcmLe:
      return linear(FormatTag.pcm, pcmBits(track));
    case Codec.pcmAlaw:
      return linear(FormatTag.alaw, 8);
    case Codec.pcmMulaw:
      return linear(FormatTag.mulaw, 8);
    case Codec.wmav1:
    case Codec.wmav2:
      return track.config;
    default:
      return undefined;
  }
}

/** The structure of Windows Media Audio: the configuration of its tracks. */
export function wmaFormatFrom(codec: typeof Codec.wmav1 | typeof Codec.wmav2, format: Omit<WaveFormat, "codec">): Uint8Array {
  const { channels, sampleRate, bitRate, blockAlign, extradata } = format;
  const out = new Writer(LENGTH + extradata.length).u16le(FormatTag[codec]).u16le(channels).u32le(sampleRate);
  out
    .u32le(Math.round(bitRate / 8))
    .u16le(blockAlign)
    .u16le(16);
  return out.u16le(extradata.length).bytes(extradata).done();
}
