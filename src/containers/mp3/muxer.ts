import { codecNames } from "../../media/codec-name.ts";
import type { MuxerFactory } from "../../media/muxer.ts";
import { Codec } from "../../media/track.ts";
import type { Track } from "../../media/track.ts";
import { audioMuxer } from "../audio-muxer.ts";

/** Why MP3 cannot carry the track, in words for a viewer; undefined where it can. */
export function notCarriedByMp3({ codec }: Track): string | undefined {
  return codec === Codec.mp3 || codec === Codec.mp2 ? undefined : `an MP3 stream carries MP3 and MP2, not ${codecNames[codec]}`;
}

/** MP3 or MP2 frames one after the other, as internet radio has them: each says what it is. */
export function mp3Muxer(): MuxerFactory {
  return audioMuxer({
    refusal: notCarriedByMp3,
    writer: () => ({ header: new Uint8Array(0), frame: ({ data }) => [data] }),
  });
}
