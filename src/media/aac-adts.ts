import { ProtocolError } from "../bytes/protocol-error.ts";
import { AAC_SAMPLE_RATES, aacConfigFrom } from "./aac.ts";
import type { AacConfig } from "./aac.ts";

/** ADTS, ISO/IEC 14496-3 1.A.2.2: AAC frames each behind a header that says what they are. MPEG-TS has them, and some RTMP encoders by mistake. */

export const ADTS_HEADER_LENGTH = 7;
const MAX_FRAME_LENGTH = 0x1fff;

/** One frame of an ADTS stream. */
export interface AdtsFrame {
  /** AudioSpecificConfig that says the same as the header. */
  readonly config: Uint8Array;
  /** The raw frame, a view of the data. */
  readonly data: Uint8Array;
  /** Where the next header is due. */
  readonly end: number;
}

/**
 * Whether an audio packet has ADTS headers: 12 set bits, layer 0, and a length that fits. A raw AAC frame cannot begin so: its first element would
 * be the end.
 */
export function isAdts(data: Uint8Array): boolean {
  const length = adtsFrameLength(data, 0);
  return length !== undefined && length <= data.length;
}

/** Bytes of the frame whose header is at an offset, all of the header included. Undefined where no whole header is there. */
export function adtsFrameLength(data: Uint8Array, at: number): number | undefined {
  if (data.length - at < ADTS_HEADER_LENGTH || data[at] !== 0xff || ((data[at + 1] ?? 0) & 0xf6) !== 0xf0) return undefined;
  const length = frameLength(data, at);
  return length >= ADTS_HEADER_LENGTH ? length : undefined;
}

function frameLength(data: Uint8Array, at: number): number {
  const [high = 0, middle = 0, low = 0] = data.subarray(at + 3, at + 6);
  return ((high & 3) << 11) | (middle << 3) | (low >> 5);
}

/** The frame whose header is at an offset. */
export function readAdtsFrame(data: Uint8Array, at: number): AdtsFrame {
  const [first = 0, second = 0, third = 0, fourth = 0, , , seventh = 0] = data.subarray(at, at + ADTS_HEADER_LENGTH);
  if (data.length - at < ADTS_HEADER_LENGTH) throw new ProtocolError("truncated", "ADTS header cut short");
  if (first !== 0xff || (second & 0xf6) !== 0xf0) throw new ProtocolError("malformed", "no ADTS header where one is due");
  if ((seventh & 3) !== 0) throw new ProtocolError("unsupported", "ADTS frame of several AAC frames");
  const headerLength = (second & 1) === 1 ? ADTS_HEADER_LENGTH : ADTS_HEADER_LENGTH + 2;
  const length = frameLength(data, at);
  if (length < headerLength) throw new ProtocolError("malformed", `ADTS frame of ${length} bytes`);
  if (length > data.length - at) throw new ProtocolError("truncated", `ADTS frame of ${length} bytes, ${data.length - at} left`);
  const sampleRate = AAC_SAMPLE_RATES[(third >> 2) & 15];
  if (sampleRate === undefined) throw new ProtocolError("malformed", "ADTS: reserved sample rate");
  const channelConfig = ((third & 1) << 2) | (fourth >> 6);
  const config = aacConfigFrom({ objectType: (third >> 6) + 1, sampleRate, channelConfig });
  return { config, data: data.subarray(at + headerLength, at + length), end: at + length };
}

/** All frames of a packet that `isAdts`. */
export function* adtsFrames(data: Uint8Array): Generator<AdtsFrame, void, undefined> {
  for (let at = 0; at < data.length;) {
    const frame = readAdtsFrame(data, at);
    yield frame;
    at = frame.end;
  }
}

/**
 * The header for a raw frame of a track, or undefined where ADTS cannot say what the record says (object types above 4, rates that are not in the
 * table, more than 7 as the channel configuration, frames too long).
 *
 * @param config of the track
 * @param length bytes of the raw frame
 */
export function adtsHeader(
  config: Pick<AacConfig, "objectType" | "coreSampleRate" | "channelConfig">,
  length: number,
): Uint8Array | undefined {
  const { objectType, coreSampleRate, channelConfig } = config;
  const index = AAC_SAMPLE_RATES.indexOf(coreSampleRate);
  const total = length + ADTS_HEADER_LENGTH;
  if (objectType > 4 || index < 0 || channelConfig > 7 || total > MAX_FRAME_LENGTH) return undefined;
  return Uint8Array.of(
    0xff,
    0xf1,
    ((objectType - 1) << 6) | (index << 2) | (channelConfig >> 2),
    ((channelConfig & 3) << 6) | (total >> 11),
    total >> 3,
    ((total & 7) << 5) | 0x1f,
    0xfc,
  );
}
