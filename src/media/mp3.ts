import { ProtocolError } from "../bytes/protocol-error.ts";
import { Reader } from "../bytes/reader.ts";

/** What the 4 bytes before an MPEG audio frame say, ISO/IEC 11172-3 2.4.1.3 and 13818-3 2.4.1.3; MPEG 2.5 is the field's own. */
export interface MpegAudioHeader {
  readonly layer: 1 | 2 | 3;
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  readonly samplesPerFrame: number;
  /** kbit/s; 0 is free format. */
  readonly bitrate: number;
  /** Bytes, header included; 0 in free format, where only the next header tells. */
  readonly size: number;
  /** `mp3`, or `mp4a.40.33` and `mp4a.40.32` for layers 2 and 1. */
  readonly codecString: string;
}

export const MPEG_AUDIO_HEADER_LENGTH = 4;
const MONO = 3;
const MPEG_1 = 3;
const MPEG_2 = 2;
/** Hz of MPEG 1; MPEG 2 halves them, MPEG 2.5 once more. */
const SAMPLE_RATES = [44100, 48000, 32000] as const;
/** kbit/s by index, for MPEG 1 layers 1 to 3, then for the others. */
const BITRATES_1 = {
  1: [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  2: [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  3: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
} as const;
const BITRATES_2 = {
  1: [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  2: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  3: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
} as const;

/** Parses the header at the start of a frame. */
export function parseMpegAudioHeader(frame: Uint8Array): MpegAudioHeader {
  const word = new Reader(frame).u32();
  const version = (word >>> 19) & 3;
  const layerCode = (word >>> 17) & 3;
  if (word >>> 21 !== 0x7ff || version === 1 || layerCode === 0) throw new ProtocolError("malformed", "no MPEG audio header");
  const layer = layerOf(layerCode);
  const bitrate = (version === MPEG_1 ? BITRATES_1 : BITRATES_2)[layer][(word >>> 12) & 15];
  const baseRate = SAMPLE_RATES[(word >>> 10) & 3];
  if (bitrate === undefined || baseRate === undefined) throw new ProtocolError("malformed", "MPEG audio: reserved bit rate or sample rate");
  const sampleRate = version === MPEG_1 ? baseRate : version === MPEG_2 ? baseRate / 2 : baseRate / 4;
  const samplesPerFrame = layer === 1 ? 384 : layer === 3 && version !== MPEG_1 ? 576 : 1152;
  // Frames are whole slots, of 4 bytes in layer 1.
  const slot = layer === 1 ? 4 : 1;
  const padding = (word >>> 9) & 1;
  const slots = Math.floor((samplesPerFrame * bitrate * 125) / (sampleRate * slot)) + padding;
  return {
    layer,
    sampleRate,
    channels: ((word >>> 6) & 3) === MONO ? 1 : 2,
    samplesPerFrame,
    bitrate,
    size: bitrate === 0 ? 0 : slots * slot,
    codecString: layer === 3 ? "mp3" : `mp4a.40.${31 + layer}`,
  };
}

function layerOf(code: number): 1 | 2 | 3 {
  return code === 1 ? 3 : code === 2 ? 2 : 1;
}
