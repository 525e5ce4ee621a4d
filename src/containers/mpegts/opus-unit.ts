/** Opus in a transport stream, ETSI TS 103 491 as FFmpeg and GStreamer write it: each packet behind a control header, its channels in a descriptor. */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import { sameBytes } from "../../bytes/same-bytes.ts";
import { Writer } from "../../bytes/writer.ts";
import { OPUS_SAMPLE_RATE, opusHeadFrom, parseOpusHead } from "../../media/opus.ts";

/** The format that private streams of Opus are registered as. */
export const OPUS_FORMAT = "Opus";

/** Bytes of the shortest control header. */
export const OPUS_HEADER_LENGTH = 3;
/** The first 11 bits of a control header. */
const PREFIX = 0x7fe0;
const PREFIX_MASK = 0xffe0;
const Flag = { startTrim: 0x10, endTrim: 0x08, extension: 0x04 } as const;

/** Mapping tables by channel_config_code from 3 on: streams, coupled streams, then the channels in the order of Vorbis (RFC 7845 5.1.1.2). */
const MAPPINGS: readonly Uint8Array[] = [
  [2, 1, 0, 2, 1],
  [2, 2, 0, 1, 2, 3],
  [3, 2, 0, 4, 1, 2, 3],
  [4, 2, 0, 4, 1, 2, 3, 5],
  [4, 3, 0, 4, 1, 2, 3, 5, 6],
  [5, 3, 0, 6, 1, 2, 3, 4, 5, 7],
].map((table) => Uint8Array.from(table));
const FIRST_MAPPED = 3;

/** OpusHead of a stream with so many channels. Undefined where the code says something else: dual mono, or a mapping of its own. */
export function opusHeadOf(channelCode: number, preSkip: number): Uint8Array | undefined {
  const mappingTable = channelCode === 1 || channelCode === 2 ? new Uint8Array() : MAPPINGS[channelCode - FIRST_MAPPED];
  if (mappingTable === undefined) return undefined;
  const mappingFamily = Number(channelCode >= FIRST_MAPPED);
  return opusHeadFrom({ channels: channelCode, preSkip, inputSampleRate: OPUS_SAMPLE_RATE, outputGain: 0, mappingFamily, mappingTable });
}

/** channel_config_code of a track; undefined where there is none for it. @throws ProtocolError */
export function opusChannelCode(head: Uint8Array): number | undefined {
  const { channels, mappingFamily, mappingTable } = parseOpusHead(head);
  if (mappingFamily === 0) return channels;
  const isUsual = mappingFamily === 1 && sameBytes(mappingTable, MAPPINGS[channels - FIRST_MAPPED] ?? new Uint8Array(0));
  return isUsual ? channels : undefined;
}

export interface OpusUnit {
  /** Samples at 48 kHz to drop at the start of the packet. */
  readonly startTrim: number;
  /** Offset of the packet. */
  readonly payload: number;
  /** Offset of its end. */
  readonly end: number;
}

/**
 * Reads the control header at an offset.
 *
 * @throws ProtocolError `truncated` where it is not all there, `malformed` where there is none
 */
export function readOpusUnit(data: Uint8Array, at: number): OpusUnit {
  const reader = new Reader(data.subarray(at));
  const word = reader.u16();
  if ((word & PREFIX_MASK) !== PREFIX) throw new ProtocolError("malformed", "no Opus control header");
  let size = 0;
  for (let part = 255; part === 255; size += part) part = reader.u8();
  const startTrim = (word & Flag.startTrim) === 0 ? 0 : reader.u16() & 0x1fff;
  if ((word & Flag.endTrim) !== 0) reader.skip(2);
  if ((word & Flag.extension) !== 0) reader.skip(reader.u8());
  return { startTrim, payload: at + reader.at, end: at + reader.at + size };
}

/** The control header of a packet. */
export function opusControlHeader(length: number): Uint8Array {
  const writer = new Writer(OPUS_HEADER_LENGTH).u16(PREFIX);
  for (let left = length; ; left -= 255) {
    writer.u8(Math.min(left, 255));
    if (left < 255) return writer.done();
  }
}
