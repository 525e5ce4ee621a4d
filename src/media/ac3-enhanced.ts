import { BitReader } from "../bytes/bits.ts";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { AC3_CHANNELS, AC3_SAMPLES, AC3_SAMPLE_RATES, AC3_SYNC_WORD } from "./ac3.ts";
import type { Ac3Sound } from "./ac3.ts";

/** E-AC-3, ETSI TS 102 366 annex E: what its sync frames and the dec3 box (F.6) say. */

/** An independent substream as a dec3 box describes it. */
export interface Eac3Substream {
  readonly sampleRateCode: number;
  readonly bsid: number;
  readonly bsmod: number;
  readonly acmod: number;
  readonly lowFrequency: boolean;
  /** Substreams that add channels to it. */
  readonly dependents: number;
  /** The channels they add, 9 flags; 0 without dependents. */
  readonly channelLocations: number;
}

export interface Eac3Config {
  /** kbit/s. */
  readonly dataRate: number;
  /** 1 to 8; players take the first. */
  readonly substreams: readonly Eac3Substream[];
}

/** One sync frame. */
interface SyncFrame {
  readonly dependent: boolean;
  readonly id: number;
  readonly size: number;
  readonly samples: number;
  readonly sampleRate: number;
  readonly sampleRateCode: number;
  readonly acmod: number;
  readonly lowFrequency: boolean;
  readonly bsid: number;
  /** Custom channel map of a dependent frame, 0 without. */
  readonly channelMap: number;
}

const REDUCED_RATE = 3;
const MAX_SUBSTREAMS = 8;
const MAX_SYNC_FRAMES = 64;
/** What the 13 bits of dec3 hold. */
const MAX_DATA_RATE = 8191;
const BLOCKS = [1, 2, 3, 6] as const;
const BLOCK_SAMPLES = 256;

/** syncinfo and the start of bsi, E.1.2.1 and E.1.2.2. */
function readSyncFrame(data: Uint8Array): SyncFrame {
  const bits = new BitReader(data);
  if (bits.u(16) !== AC3_SYNC_WORD) throw new ProtocolError("malformed", "no E-AC-3 sync word");
  const type = bits.u(2);
  const id = bits.u(3);
  const size = 2 * (1 + bits.u(11));
  const code = bits.u(2);
  const second = bits.u(2);
  const reduced = code === REDUCED_RATE;
  const rate = AC3_SAMPLE_RATES[reduced ? second : code];
  if (rate === undefined || type === 3) throw new ProtocolError("malformed", "E-AC-3: reserved rate or stream type");
  const blocks = reduced ? 6 : (BLOCKS[second] ?? 6);
  const acmod = bits.u(3);
  const lowFrequency = bits.flag();
  const bsid = bits.u(5);
  if (bsid <= 10 || bsid > 16) throw new ProtocolError("unsupported", `E-AC-3 bsid ${bsid}`);
  const channelMap = type === 1 ? readChannelMap(bits, acmod) : 0;
  const sampleRate = reduced ? rate / 2 : rate;
  return {
    dependent: type === 1,
    id,
    size,
    samples: blocks * BLOCK_SAMPLES,
    sampleRate,
    sampleRateCode: code,
    acmod,
    lowFrequency,
    bsid,
    channelMap,
  };
}

/** Dialogue level and compression once, or twice for dual mono, then the map if there is one. */
function readChannelMap(bits: BitReader, acmod: number): number {
  for (let i = acmod === 0 ? 2 : 1; i > 0; i--) {
    bits.skip(5);
    if (bits.flag()) bits.skip(8);
  }
  return bits.flag() ? bits.u(16) : 0;
}

/** The sync frames of a packet. */
function* syncFrames(packet: Uint8Array): Generator<SyncFrame, void, undefined> {
  let count = 0;
  for (let at = 0; at < packet.length;) {
    if (count++ === MAX_SYNC_FRAMES) throw new ProtocolError("limit", "too many E-AC-3 frames in a packet");
    const frame = readSyncFrame(packet.subarray(at));
    if (frame.size > packet.length - at)
      throw new ProtocolError("truncated", `E-AC-3 frame of ${frame.size} bytes, ${packet.length - at} left`);
    yield frame;
    at += frame.size;
  }
}

/** Bytes of a sync frame that tell all that is read here: a dependent one of dual mono has most before its channel map. */
export const EAC3_HEADER_LENGTH = 12;

/**
 * Bytes of the packet at an offset: six blocks of the first independent substream, as many as AC-3 has, and what belongs to them. Where the data ends
 * with the sixth block, so does the packet.
 *
 * @returns 0 where more data is needed to tell
 * @throws ProtocolError where no such packet begins there
 */
export function eac3PacketLength(data: Uint8Array, from: number): number {
  let samples = 0;
  let at = from;
  for (let count = 0; at === from || at < data.length; count++) {
    if (data.length - at < EAC3_HEADER_LENGTH) return 0;
    if (count === MAX_SYNC_FRAMES) throw new ProtocolError("limit", "too many E-AC-3 frames in a packet");
    const frame = readSyncFrame(data.subarray(at));
    const begins = !frame.dependent && frame.id === 0;
    if (at === from && !begins) throw new ProtocolError("malformed", "E-AC-3 packet without its first substream");
    if (begins && samples >= AC3_SAMPLES) return at - from;
    if (begins) samples += frame.samples;
    at += frame.size;
  }
  return at === data.length && samples >= AC3_SAMPLES ? at - from : 0;
}

/**
 * The bits of chan_loc (F.6.2.13) that dependent channel maps (E.1.3.1.8, bit 0 the highest) set: front centre pairs, rear pairs, rear centre,
 * overhead, side, wide and height pairs, height centre, second low-frequency channel.
 */
const LOCATIONS = [5, 6, 7, 8, 9, 10, 11, 12, 14] as const;
const LOCATION_CHANNELS = [2, 2, 1, 1, 2, 2, 2, 1, 1] as const;

function locationsOf(channelMap: number): number {
  return LOCATIONS.reduce((flags, bit, i) => flags | (((channelMap >> (15 - bit)) & 1) << i), 0);
}

/**
 * What a packet of one access unit says: all substreams, each described once. bsmod, which stands behind all mixing data, is taken for 0
 * (main audio).
 */
export function parseEac3Packet(packet: Uint8Array): Eac3Config & { readonly sound: Ac3Sound } {
  const substreams: Eac3Substream[] = [];
  let bytes = 0;
  let samples = 0;
  let sampleRate = 0;
  for (const frame of syncFrames(packet)) {
    bytes += frame.size;
    const last = substreams.at(-1);
    if (frame.dependent) {
      if (last === undefined) throw new ProtocolError("malformed", "E-AC-3 packet begins with a dependent frame");
      // A packet of short frames has them several times; the first round told all.
      if (samples > frame.samples) continue;
      if (last.dependents === MAX_SUBSTREAMS) throw new ProtocolError("limit", "too many dependent substreams in E-AC-3");
      const channelLocations = last.channelLocations | locationsOf(frame.channelMap);
      substreams[substreams.length - 1] = { ...last, dependents: last.dependents + 1, channelLocations };
      continue;
    }
    if (frame.id === 0) {
      samples += frame.samples;
      sampleRate = frame.sampleRate;
    }
    if (frame.id === substreams.length && frame.id < MAX_SUBSTREAMS) substreams.push(substreamOf(frame));
  }
  const [first] = substreams;
  if (first === undefined) throw new ProtocolError("malformed", "E-AC-3 packet without its first substream");
  const dataRate = Math.min(MAX_DATA_RATE, Math.round((bytes * 8 * sampleRate) / samples / 1000));
  return { dataRate, substreams, sound: { sampleRate, channels: channelsOf(first), samplesPerFrame: samples } };
}

function substreamOf(frame: SyncFrame): Eac3Substream {
  const { sampleRateCode, bsid, acmod, lowFrequency } = frame;
  return { sampleRateCode, bsid, bsmod: 0, acmod, lowFrequency, dependents: 0, channelLocations: 0 };
}

function channelsOf(stream: Eac3Substream): number {
  const added = LOCATION_CHANNELS.reduce((sum: number, channels, i) => sum + ((stream.channelLocations >> i) & 1) * channels, 0);
  return (AC3_CHANNELS[stream.acmod] ?? 0) + Number(stream.lowFrequency) + added;
}

/** Rate and channels of the first substream. A dec3 box does not tell reduced rates or the length of frames: 0 where it cannot. */
export function eac3Sound(config: Eac3Config): Ac3Sound {
  const [first] = config.substreams;
  if (first === undefined) throw new ProtocolError("malformed", "dec3 without a substream");
  return { sampleRate: AC3_SAMPLE_RATES[first.sampleRateCode] ?? 0, channels: channelsOf(first), samplesPerFrame: 0 };
}

/** Parses the body of a dec3 box, F.6. */
export function parseDec3(dec3: Uint8Array): Eac3Config {
  const bits = new BitReader(dec3);
  const dataRate = bits.u(13);
  const count = 1 + bits.u(3);
  const substreams: Eac3Substream[] = [];
  for (let i = 0; i < count; i++) {
    const sampleRateCode = bits.u(2);
    const bsid = bits.u(5);
    bits.skip(2);
    const bsmod = bits.u(3);
    const acmod = bits.u(3);
    const lowFrequency = bits.flag();
    bits.skip(3);
    const dependents = bits.u(4);
    const channelLocations = bits.u(dependents > 0 ? 9 : 1);
    substreams.push({ sampleRateCode, bsid, bsmod, acmod, lowFrequency, dependents, channelLocations });
  }
  return { dataRate, substreams };
}

/** Builds the body of a dec3 box. */
export function dec3From(config: Eac3Config): Uint8Array {
  const bytes: number[] = [];
  const head = (config.dataRate << 3) | (config.substreams.length - 1);
  bytes.push((head >> 8) & 0xff, head & 0xff);
  for (const stream of config.substreams) {
    bytes.push((stream.sampleRateCode << 6) | (stream.bsid << 1));
    bytes.push((stream.bsmod << 4) | (stream.acmod << 1) | Number(stream.lowFrequency));
    bytes.push((stream.dependents << 1) | (stream.dependents > 0 ? stream.channelLocations >> 8 : 0));
    if (stream.dependents > 0) bytes.push(stream.channelLocations & 0xff);
  }
  return Uint8Array.from(bytes);
}
