/** How the frames of an audio codec follow one another in an elementary stream, each behind a header that says how long it is. */
import { ProtocolError } from "../bytes/protocol-error.ts";
import { sameBytes } from "../bytes/same-bytes.ts";
import { ADTS_HEADER_LENGTH, adtsFrameLength, readAdtsFrame } from "./aac-adts.ts";
import { LOAS_HEADER_LENGTH, LatmReader, loasFrameLength } from "./aac-latm.ts";
import { EAC3_HEADER_LENGTH, eac3PacketLength } from "./ac3-enhanced.ts";
import { AC3_HEADER_LENGTH, AC3_SYNC_WORD, parseAc3Frame } from "./ac3.ts";
import type { AudioDescription, SelfDescribed } from "./describe.ts";
import { describeAudio, describeAudioFrame } from "./describe.ts";
import { MPEG_AUDIO_HEADER_LENGTH, parseMpegAudioHeader } from "./mp3.ts";
import { Codec } from "./track.ts";

/** One frame, and what it says of its track. */
export interface AudioUnit extends AudioDescription {
  readonly codec: Codec;
  /** The decoder configuration record, as tracks have it. */
  readonly config: Uint8Array;
  /** The frame as tracks have it: a view. */
  readonly data: Uint8Array;
  /** How many it decodes to, at the sample rate. */
  readonly samples: number;
}

export interface AudioFormat {
  /** Bytes that `length` needs at least. */
  readonly headerLength: number;
  /** Bytes from an offset to the end of the frame that begins there; 0 where more data is needed to tell. Undefined where none begins. */
  length(data: Uint8Array, at: number): number | undefined;
  /** What is in a whole frame: one unit, in LATM one or more. @throws ProtocolError where it cannot be read, or not yet */
  read(frame: Uint8Array): readonly AudioUnit[];
}

/** AAC behind ADTS headers, ISO/IEC 13818-7 6.2. */
export function adtsFormat(): AudioFormat {
  let known: { readonly config: Uint8Array; readonly description: AudioDescription } | undefined;
  return {
    headerLength: ADTS_HEADER_LENGTH,
    length: adtsFrameLength,
    read(frame) {
      const { config, data } = readAdtsFrame(frame, 0);
      if (known === undefined || !sameBytes(known.config, config)) known = { config, description: describeAudio(Codec.aac, config) };
      return [{ codec: Codec.aac, ...known.description, config: known.config, data, samples: known.description.samplesPerFrame }];
    },
  };
}

/** AAC in LATM behind LOAS headers, ISO/IEC 14496-3 1.7. */
export function latmFormat(): AudioFormat {
  const reader = new LatmReader();
  let known: { readonly config: Uint8Array; readonly description: AudioDescription } | undefined;
  return {
    headerLength: LOAS_HEADER_LENGTH,
    length: loasFrameLength,
    read(frame) {
      const { config, payloads } = reader.read(frame.subarray(LOAS_HEADER_LENGTH));
      if (known?.config !== config) known = { config, description: describeAudio(Codec.aac, config) };
      const { description } = known;
      return payloads.map((data) => ({ codec: Codec.aac, ...description, config, data, samples: description.samplesPerFrame }));
    },
  };
}

/** MPEG-1 and MPEG-2 audio of all layers, ISO/IEC 11172-3. Free format, whose headers tell no length, is not read. */
export const mpegAudioFormat: AudioFormat = {
  headerLength: MPEG_AUDIO_HEADER_LENGTH,
  length(data, at) {
    if (data[at] !== 0xff || (data[at + 1]! & 0xe0) !== 0xe0) return undefined;
    return orUndefined(() => parseMpegAudioHeader(data.subarray(at)).size || undefined);
  },
  read: (frame) => selfDescribed(parseMpegAudioHeader(frame).layer === 3 ? Codec.mp3 : Codec.mp2, frame),
};

export const ac3Format: AudioFormat = {
  headerLength: AC3_HEADER_LENGTH,
  length: (data, at) => (isAc3(data, at) ? orUndefined(() => parseAc3Frame(data.subarray(at)).size) : undefined),
  read: (frame) => selfDescribed(Codec.ac3, frame),
};

export const eac3Format: AudioFormat = {
  headerLength: EAC3_HEADER_LENGTH,
  length: (data, at) => (isAc3(data, at) ? orUndefined(() => eac3PacketLength(data, at)) : undefined),
  read: (frame) => selfDescribed(Codec.eac3, frame),
};

function isAc3(data: Uint8Array, at: number): boolean {
  return data[at] === AC3_SYNC_WORD >> 8 && data[at + 1] === (AC3_SYNC_WORD & 0xff);
}

function selfDescribed(codec: SelfDescribed, frame: Uint8Array): AudioUnit[] {
  const description = describeAudioFrame(codec, frame);
  return [{ codec, ...description, data: frame, samples: description.samplesPerFrame }];
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
