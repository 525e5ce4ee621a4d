/** What FFM carries, and in which words the rest is refused. */
import { codecNames } from "../../media/codec-name.ts";
import { Codec, TrackKind } from "../../media/track.ts";
import type { Track } from "../../media/track.ts";
import { idOfCodec } from "./codec-id.ts";

/** Why FFM cannot carry this track, in words for a viewer; undefined where it can. */
export function notCarriedByFfm(track: Track): string | undefined {
  if (track.kind === TrackKind.data || idOfCodec(track.codec) === undefined || isEightBit(track)) {
    return `FFM cannot carry ${codecNames[track.codec]}`;
  }
  const needsConfig = track.codec === Codec.avc || track.codec === Codec.hevc;
  return needsConfig && track.config.length === 0
    ? `the publisher has sent no decoder configuration for its ${codecNames[track.codec]}`
    : undefined;
}

/** Uncompressed sound of FLV that has 8 bits a sample, which is another codec in FFM: bit 1 of the tag's first byte is clear. */
function isEightBit(track: Track): boolean {
  return track.kind === TrackKind.audio && track.codec === Codec.pcmLe && track.flvHeader !== undefined && (track.flvHeader & 2) === 0;
}
