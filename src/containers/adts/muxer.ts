import { ProtocolError } from "../../bytes/protocol-error.ts";
import { parseAacConfig } from "../../media/aac.ts";
import { adtsHeader } from "../../media/aac-adts.ts";
import { codecNames } from "../../media/codec-name.ts";
import { Codec } from "../../media/track.ts";
import type { AudioTrack, Track } from "../../media/track.ts";
import type { MuxerFactory } from "../../media/muxer.ts";
import { audioMuxer } from "../audio-muxer.ts";

/** Bytes of a frame by which we see whether a track fits. */
const PROBE = 1;

/** Why ADTS cannot carry the track, in words for a viewer; undefined where it can. */
export function notCarriedByAdts(track: Track): string | undefined {
  if (track.codec !== Codec.aac) return `ADTS carries AAC, not ${codecNames[track.codec]}`;
  try {
    const isSaid = adtsHeader(parseAacConfig(track.config), PROBE) !== undefined;
    return isSaid ? undefined : `ADTS has no words for its AAC (${track.codecString})`;
  } catch (error) {
    if (error instanceof ProtocolError) return "the decoder configuration of its AAC is damaged";
    throw error;
  }
}

/**
 * AAC in ADTS (ISO/IEC 13818-7 6.2): a header before each frame, which says what the track is, and nothing else. Times, and SBR that the record
 * announces, are not in it; decoders find SBR by themselves.
 */
export function adtsMuxer(): MuxerFactory {
  return audioMuxer({
    refusal: notCarriedByAdts,
    writer(track: AudioTrack) {
      const config = parseAacConfig(track.config);
      return {
        header: new Uint8Array(0),
        frame({ data }) {
          const header = adtsHeader(config, data.length);
          return header === undefined ? [] : [header, data];
        },
      };
    },
  });
}
