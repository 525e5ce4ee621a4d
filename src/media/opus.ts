import { ProtocolError } from "../bytes/protocol-error.ts";
import { Reader } from "../bytes/reader.ts";
import { Writer } from "../bytes/writer.ts";

/** Opus decoders put out 48 kHz, and times are counted in it, whatever was put in. */
export const OPUS_SAMPLE_RATE = 48_000;

/** What OpusHead (RFC 7845 5.1) and dOps ("Encapsulation of Opus in ISO BMFF" 4.3.2) both say. */
export interface OpusConfig {
  readonly channels: number;
  /** Samples at 48 kHz to drop at the start. */
  readonly preSkip: number;
  /** Hz before encoding; says nothing of the decoder. 0 where unknown. */
  readonly inputSampleRate: number;
  /** In 1/256 dB, signed. */
  readonly outputGain: number;
  /** 0 is mono or stereo without a table. */
  readonly mappingFamily: number;
  /** What follows the family, in the same form in both records: stream counts and channel mapping. Empty for family 0. A view of the record. */
  readonly mappingTable: Uint8Array;
}

const MAGIC = "OpusHead";
/** Major version in the high half of OpusHead's byte; another one is another layout. */
const VERSION = 1;
const FAMILY_WITH_MATRIX = 3;

/** Parses an OpusHead packet, the form a track has. */
export function parseOpusHead(head: Uint8Array): OpusConfig {
  const reader = new Reader(head);
  if (reader.left < MAGIC.length || reader.text(MAGIC.length) !== MAGIC) throw new ProtocolError("malformed", "no OpusHead");
  const version = reader.u8();
  if (version >> 4 !== 0) throw new ProtocolError("unsupported", `OpusHead version ${version}`);
  const channels = reader.u8();
  const preSkip = reader.u16le();
  const inputSampleRate = reader.u32le();
  const outputGain = (reader.u16le() << 16) >> 16;
  return { channels, preSkip, inputSampleRate, outputGain, ...readMapping(reader, channels) };
}

/** Parses the body of a dOps box. */
export function parseDops(dOps: Uint8Array): OpusConfig {
  const reader = new Reader(dOps);
  const version = reader.u8();
  if (version !== 0) throw new ProtocolError("unsupported", `dOps version ${version}`);
  const channels = reader.u8();
  const preSkip = reader.u16();
  const inputSampleRate = reader.u32();
  const outputGain = reader.i16();
  return { channels, preSkip, inputSampleRate, outputGain, ...readMapping(reader, channels) };
}

function readMapping(reader: Reader, channels: number): Pick<OpusConfig, "mappingFamily" | "mappingTable"> {
  const mappingFamily = reader.u8();
  if (channels === 0 || (mappingFamily === 0 && channels > 2)) throw new ProtocolError("malformed", `Opus: ${channels} channels`);
  if (mappingFamily === 0) return { mappingFamily, mappingTable: new Uint8Array() };
  const start = reader.at;
  const streams = reader.u8();
  const coupled = reader.u8();
  if (streams === 0 || coupled > streams || streams + coupled > 255)
    throw new ProtocolError("malformed", `Opus: ${streams} streams, ${coupled} coupled`);
  reader.skip(mappingFamily === FAMILY_WITH_MATRIX ? 2 * channels * (streams + coupled) : channels);
  return { mappingFamily, mappingTable: reader.data.subarray(start, reader.at) };
}

/** Builds an OpusHead packet. */
export function opusHeadFrom(config: OpusConfig): Uint8Array {
  const writer = new Writer(32).ascii(MAGIC).u8(VERSION).u8(config.channels);
  writer.u16le(config.preSkip).u32le(config.inputSampleRate).u16le(config.outputGain);
  return writer.u8(config.mappingFamily).bytes(config.mappingTable).done();
}

/** Builds the body of a dOps box. */
export function dopsFrom(config: OpusConfig): Uint8Array {
  const writer = new Writer(32).u8(0).u8(config.channels);
  writer.u16(config.preSkip).u32(config.inputSampleRate).u16(config.outputGain);
  return writer.u8(config.mappingFamily).bytes(config.mappingTable).done();
}

/** Samples at 48 kHz of one frame, by the configuration of the TOC byte, RFC 6716 table 2. */
function frameSamples(configuration: number): number {
  if (configuration < 12) return [480, 960, 1920, 2880][configuration & 3] ?? 0;
  if (configuration < 16) return (configuration & 1) === 0 ? 480 : 960;
  return 120 << (configuration & 3);
}

/** RFC 6716 3.2.5: a packet is at most 120 ms. */
const MAX_PACKET_SAMPLES = 5760;

/** Samples at 48 kHz that a packet decodes to, from its first byte or two (RFC 6716 3.1). In multistream packets all streams last the same. */
export function opusPacketSamples(packet: Uint8Array): number {
  const toc = packet[0];
  if (toc === undefined) throw new ProtocolError("truncated", "empty Opus packet");
  const samples = frameSamples(toc >> 3);
  const layout = toc & 3;
  if (layout === 0) return samples;
  if (layout < 3) return 2 * samples;
  const second = packet[1];
  if (second === undefined) throw new ProtocolError("truncated", "Opus packet without its frame count");
  const total = samples * (second & 0x3f);
  if (total === 0 || total > MAX_PACKET_SAMPLES) throw new ProtocolError("malformed", `Opus packet of ${total} samples`);
  return total;
}
