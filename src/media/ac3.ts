import { BitReader } from "../bytes/bits.ts";
import { ProtocolError } from "../bytes/protocol-error.ts";

/** AC-3, ETSI TS 102 366: what its sync frames and the dac3 box say. */

export const AC3_SYNC_WORD = 0x0b77;
/** Bytes of a frame that tell all that is read here. */
export const AC3_HEADER_LENGTH = 8;
/** Samples of every AC-3 frame. */
export const AC3_SAMPLES = 1536;
/**
 * bsid of the standard is up to 8. Above it encoders halve the rate (9) or quarter it (10), and with it the bit rate; frames have the same
 * size. FFmpeg encodes 22,050 Hz so, which is what ffserver asked for in RealMedia unless told otherwise.
 */
const FULL_RATE = 8;
const LOWEST_RATE = 10;
/** Hz by fscod, at bsid 8 and less. */
export const AC3_SAMPLE_RATES = [48000, 44100, 32000] as const;
/** Channels by acmod, the low-frequency one apart. */
export const AC3_CHANNELS: readonly number[] = [2, 1, 2, 3, 3, 4, 4, 5];
/** kbit/s by bit_rate_code, table 4.13. */
const BITRATES = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640] as const;

/** The fields that a dac3 box repeats from a frame. */
export interface Ac3Config {
  readonly sampleRateCode: number;
  readonly bsid: number;
  readonly bsmod: number;
  readonly acmod: number;
  readonly lowFrequency: boolean;
  readonly bitrateCode: number;
}

export interface Ac3Frame extends Ac3Config {
  /** Bytes, sync word included. */
  readonly size: number;
}

/** What a decoder needs to know of an AC-3 or E-AC-3 stream. */
export interface Ac3Sound {
  readonly sampleRate: number;
  readonly channels: number;
  readonly samplesPerFrame: number;
}

/** Parses the start of an AC-3 sync frame, 4.3.1 and 4.3.2. */
export function parseAc3Frame(frame: Uint8Array): Ac3Frame {
  const bits = new BitReader(frame);
  if (bits.u(16) !== AC3_SYNC_WORD) throw new ProtocolError("malformed", "no AC-3 sync word");
  bits.skip(16);
  const sampleRateCode = bits.u(2);
  const sizeCode = bits.u(6);
  const bsid = bits.u(5);
  const bsmod = bits.u(3);
  const acmod = bits.u(3);
  if (bsid > LOWEST_RATE) throw new ProtocolError("unsupported", `AC-3 bsid ${bsid}`);
  if ((acmod & 1) !== 0 && acmod !== 1) bits.skip(2);
  if ((acmod & 4) !== 0) bits.skip(2);
  if (acmod === 2) bits.skip(2);
  const config = { sampleRateCode, bsid, bsmod, acmod, lowFrequency: bits.flag(), bitrateCode: sizeCode >> 1 };
  ac3Sound(config);
  const sampleRate = AC3_SAMPLE_RATES[config.sampleRateCode] ?? 0;
  const bitrate = BITRATES[config.bitrateCode] ?? 0;
  const words = Math.floor((bitrate * 1000 * AC3_SAMPLES) / (sampleRate * 16));
  // At 44.1 kHz frames differ by a word to keep the rate; only there the lowest bit counts.
  return { ...config, size: 2 * (words + (sampleRateCode === 1 ? sizeCode & 1 : 0)) };
}

/** Parses the body of a dac3 box, F.4. */
export function parseDac3(dac3: Uint8Array): Ac3Config {
  const bits = new BitReader(dac3);
  const [sampleRateCode, bsid, bsmod, acmod] = [bits.u(2), bits.u(5), bits.u(3), bits.u(3)];
  const config = { sampleRateCode, bsid, bsmod, acmod, lowFrequency: bits.flag(), bitrateCode: bits.u(5) };
  bits.skip(5);
  ac3Sound(config);
  return config;
}

/** Builds the body of a dac3 box. */
export function dac3From(config: Ac3Config): Uint8Array {
  const { sampleRateCode, bsid, bsmod, acmod, bitrateCode } = config;
  const first = (sampleRateCode << 6) | (bsid << 1) | (bsmod >> 2);
  const second = ((bsmod & 3) << 6) | (acmod << 3) | (Number(config.lowFrequency) << 2) | (bitrateCode >> 3);
  return Uint8Array.of(first, second, (bitrateCode & 7) << 5);
}

/** Rate and channels. Throws `ProtocolError` for reserved codes. */
export function ac3Sound(config: Ac3Config): Ac3Sound {
  const fullRate = AC3_SAMPLE_RATES[config.sampleRateCode];
  if (fullRate === undefined || BITRATES[config.bitrateCode] === undefined) throw new ProtocolError("malformed", "AC-3: reserved rate");
  const sampleRate = config.bsid > FULL_RATE && config.bsid <= LOWEST_RATE ? fullRate >> (config.bsid - FULL_RATE) : fullRate;
  return { sampleRate, channels: (AC3_CHANNELS[config.acmod] ?? 0) + Number(config.lowFrequency), samplesPerFrame: AC3_SAMPLES };
}
