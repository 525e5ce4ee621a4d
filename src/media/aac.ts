import { BitReader } from "../bytes/bits.ts";
import { ProtocolError } from "../bytes/protocol-error.ts";

/** Audio object types that we tell apart, ISO/IEC 14496-3 table 1.17. */
export const AacObjectType = {
  main: 1,
  lc: 2,
  ssr: 3,
  ltp: 4,
  sbr: 5,
  scalable: 6,
  ld: 23,
  parametricStereo: 29,
  eld: 39,
  usac: 42,
} as const;

/** A parsed AudioSpecificConfig. */
export interface AacConfig {
  /** Of the core coder: 2 (LC) also where SBR is on top. */
  readonly objectType: number;
  /** Of the core coder, in Hz. */
  readonly coreSampleRate: number;
  /** After SBR, where it is signalled. */
  readonly sampleRate: number;
  /** As coded: 0 says that a program config element names the channels. */
  readonly channelConfig: number;
  /** Channels that come out; 0 where only the frames say. */
  readonly channels: number;
  /** SBR and parametric stereo, where the record says so, in either way. */
  readonly sbr: boolean;
  readonly parametricStereo: boolean;
  /** Samples per frame at `sampleRate`; 0 where unknown. */
  readonly samplesPerFrame: number;
  /** `mp4a.40.` and the object type, 5 with SBR, 29 with parametric stereo: RFC 6381 3.3. */
  readonly codecString: string;
}

/** Hz by samplingFrequencyIndex, ISO/IEC 14496-3 table 1.18. */
export const AAC_SAMPLE_RATES: readonly number[] = [
  96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
];
const EXPLICIT_RATE = 15;
/** A rate of 24 bits can say more than any converter does. */
const MAX_SAMPLE_RATE = 384_000;

/** Channels by channelConfiguration, ISO/IEC 14496-3 table 1.19; 0 where reserved, or left to a program config element. */
const CHANNELS: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8, 0];

/** The types that go on with a GASpecificConfig, and those of error resilience, which have two bits more. */
const GENERAL_AUDIO: ReadonlySet<number> = new Set([1, 2, 3, 4, 6, 7, 17, 19, 20, 21, 22, 23]);
const ERROR_RESILIENT: ReadonlySet<number> = new Set([17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 39]);

const SBR_SYNC = 0x2b7;
const PS_SYNC = 0x548;

/** Parses an AudioSpecificConfig, ISO/IEC 14496-3 1.6.2.1. What it does not need behind the core's own part is left alone. */
export function parseAacConfig(config: Uint8Array): AacConfig {
  const bits = new BitReader(config);
  const { signal, ...core } = readAacConfig(bits);
  if (!signal.sbr) readCompatibleSbr(bits, signal);
  const monoCore = core.channels === 1;
  return {
    objectType: core.objectType,
    coreSampleRate: core.coreSampleRate,
    channelConfig: core.channelConfig,
    ...signal,
    channels: signal.parametricStereo && monoCore ? 2 : core.channels,
    samplesPerFrame: Math.round((core.frameLength * signal.sampleRate) / core.coreSampleRate),
    codecString: `mp4a.40.${signal.parametricStereo ? AacObjectType.parametricStereo : signal.sbr ? AacObjectType.sbr : core.objectType}`,
  };
}

/** Bits of the AudioSpecificConfig that the data begins with, without SBR behind the core's part: in a bit stream nothing says that it is there. */
export function aacConfigBits(data: Uint8Array): number {
  const bits = new BitReader(data);
  readAacConfig(bits);
  return data.length * 8 - bits.left;
}

/** All of it but what may stand behind the core's part. */
function readAacConfig(bits: BitReader) {
  let objectType = readObjectType(bits);
  const coreSampleRate = readSampleRate(bits);
  const channelConfig = bits.u(4);
  const signal = { sbr: false, parametricStereo: false, sampleRate: coreSampleRate };
  if (objectType === AacObjectType.sbr || objectType === AacObjectType.parametricStereo) {
    signal.sbr = true;
    signal.parametricStereo = objectType === AacObjectType.parametricStereo;
    signal.sampleRate = readSampleRate(bits);
    objectType = readObjectType(bits);
  }
  const core = readCore(bits, objectType, channelConfig);
  if (ERROR_RESILIENT.has(objectType) && bits.left >= 2) bits.skip(2);
  return { objectType, coreSampleRate, channelConfig, signal, ...core };
}

function readObjectType(bits: BitReader): number {
  const type = bits.u(5);
  if (type === 0) throw new ProtocolError("malformed", "AudioSpecificConfig: object type 0");
  return type === 31 ? 32 + bits.u(6) : type;
}

function readSampleRate(bits: BitReader): number {
  const index = bits.u(4);
  const rate = index === EXPLICIT_RATE ? bits.u(24) : AAC_SAMPLE_RATES[index];
  if (rate === undefined || rate === 0 || rate > MAX_SAMPLE_RATE) {
    throw new ProtocolError("malformed", `AudioSpecificConfig: sample rate ${rate ?? `index ${index}`}`);
  }
  return rate;
}

/** Samples per frame of the core, and its channels. */
function readCore(bits: BitReader, objectType: number, channelConfig: number): { frameLength: number; channels: number } {
  const channels = CHANNELS[channelConfig] ?? 0;
  if (objectType === AacObjectType.eld) return { frameLength: bits.flag() ? 480 : 512, channels };
  if (!GENERAL_AUDIO.has(objectType)) return { frameLength: 0, channels };
  return readGeneralAudio(bits, objectType, channelConfig);
}

/** GASpecificConfig, ISO/IEC 14496-3 4.4.1. Records that end right behind the channels are tolerated. */
function readGeneralAudio(bits: BitReader, objectType: number, channelConfig: number): { frameLength: number; channels: number } {
  const short = bits.left > 0 && bits.flag();
  const frameLength = objectType === AacObjectType.ld ? (short ? 480 : 512) : short ? 960 : 1024;
  let channels = CHANNELS[channelConfig] ?? 0;
  if (bits.left < 2) return { frameLength, channels };
  if (bits.flag()) bits.skip(14);
  const extended = bits.flag();
  // Some encoders leave the element out and send it in the frames.
  if (channelConfig === 0 && bits.left > 0) channels = readProgramConfig(bits);
  if ((objectType === AacObjectType.scalable || objectType === 20) && bits.left >= 3) bits.skip(3);
  if (extended) skipExtension(bits, objectType);
  return { frameLength, channels };
}

function skipExtension(bits: BitReader, objectType: number): void {
  if (objectType === 22) bits.skip(16);
  if (objectType === 17 || objectType === 19 || objectType === 20 || objectType === AacObjectType.ld) bits.skip(3);
  if (bits.left > 0) bits.skip(1);
}

/** Counts the channels of a program_config_element, ISO/IEC 14496-3 4.4.1.1; the low-frequency ones too. */
function readProgramConfig(bits: BitReader): number {
  bits.skip(4 + 2 + 4);
  const pairs = bits.u(4) + bits.u(4) + bits.u(4);
  const lowFrequency = bits.u(2);
  const associated = bits.u(3);
  const coupling = bits.u(4);
  if (bits.flag()) bits.skip(4);
  if (bits.flag()) bits.skip(4);
  if (bits.flag()) bits.skip(3);
  let channels = lowFrequency;
  for (let i = 0; i < pairs; i++) {
    channels += bits.flag() ? 2 : 1;
    bits.skip(4);
  }
  bits.skip(4 * lowFrequency + 4 * associated + 5 * coupling);
  bits.skip(bits.left % 8);
  if (bits.left >= 8) bits.skip(Math.min(8 * bits.u(8), bits.left));
  return channels;
}

/** SBR and parametric stereo behind the core's part, where decoders that know neither do not look. */
function readCompatibleSbr(bits: BitReader, signal: { sbr: boolean; parametricStereo: boolean; sampleRate: number }): void {
  if (bits.left < 17 || bits.u(11) !== SBR_SYNC || readObjectType(bits) !== AacObjectType.sbr || !bits.flag()) return;
  signal.sbr = true;
  signal.sampleRate = readSampleRate(bits);
  if (bits.left >= 12 && bits.u(11) === PS_SYNC) signal.parametricStereo = bits.flag();
}

/** What an AudioSpecificConfig without extensions says. */
export interface AacCore {
  readonly objectType: number;
  readonly sampleRate: number;
  readonly channelConfig: number;
  /** Frames of 960 samples instead of 1024. */
  readonly shortFrames?: boolean;
}

/** Builds an AudioSpecificConfig for the general audio types, without SBR: 2 bytes, or 5 where the rate is not in the table. */
export function aacConfigFrom(core: AacCore): Uint8Array {
  const { objectType, sampleRate, channelConfig } = core;
  const index = AAC_SAMPLE_RATES.indexOf(sampleRate);
  const frameFlag = core.shortFrames ? 4 : 0;
  if (index >= 0) return Uint8Array.of((objectType << 3) | (index >> 1), ((index & 1) << 7) | (channelConfig << 3) | frameFlag);
  const rest = ((sampleRate & 1) << 7) | (channelConfig << 3) | frameFlag;
  return Uint8Array.of((objectType << 3) | (EXPLICIT_RATE >> 1), 0x80 | (sampleRate >> 17), sampleRate >> 9, sampleRate >> 1, rest);
}
