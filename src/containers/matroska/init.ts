/** What a viewer needs before the first cluster: EBML header, the Segment's head, Info and Tracks. */
import { Writer } from "../../bytes/writer.ts";
import { joined } from "../../bytes/joined.ts";
import { OPUS_SAMPLE_RATE, parseOpusHead } from "../../media/opus.ts";
import { Codec, TrackKind } from "../../media/track.ts";
import type { AudioTrack, VideoTrack } from "../../media/track.ts";
import { parseVpcConfig } from "../../media/vp9.ts";
import { audioSettingsOf, codecIdOf, codecPrivateOf } from "./codec-id.ts";
import { unencoded } from "./content-encoding.ts";
import { ebmlHeader, info } from "./document.ts";
import type { DocType } from "./document.ts";
import { writeOpenHead } from "./ebml.ts";
import { ElementId } from "./ids.ts";
import { tracksElement, TrackType } from "./track-entry.ts";
import type { Colour, TrackEntry } from "./track-entry.ts";

/** Tracks that a TrackEntry can be written for, if their codec lets them. */
export type MediaTrack = VideoTrack | AudioTrack;

/** @param tracks that `carriedByMatroska` lets pass; they are numbered from 1 in this order */
export function matroskaInit(docType: DocType, ticksPerSecond: number, tracks: readonly MediaTrack[]): Uint8Array {
  const segment = new Writer(12);
  writeOpenHead(segment, ElementId.segment);
  const entries = tracks.map((track, i) => entryOf(track, i + 1));
  return joined([ebmlHeader(docType), segment.done(), info(ticksPerSecond), tracksElement(entries)]);
}

function entryOf(track: MediaTrack, number: number): TrackEntry {
  const common = {
    number,
    codecId: codecIdOf(track.codec)!,
    codecPrivate: codecPrivateOf(track),
    isDefault: track.isDefault,
    language: track.language,
    codecDelay: codecDelayOf(track),
    encoding: unencoded,
  };
  if (track.kind === TrackKind.video) {
    // 0 is not allowed: who does not know the size, like us, takes it from the pictures.
    const video = { width: Math.max(track.width, 1), height: Math.max(track.height, 1), colour: colourOf(track) };
    const defaultDuration = track.frameRate > 0 ? Math.round(1e9 / track.frameRate) : 0;
    return { ...common, type: TrackType.video, defaultDuration, video, audio: undefined };
  }
  const defaultDuration = track.samplesPerFrame > 0 ? Math.round((track.samplesPerFrame * 1e9) / track.sampleRate) : 0;
  return { ...common, type: TrackType.audio, defaultDuration, video: undefined, audio: audioSettingsOf(track) };
}

/** VP9 alone keeps its colours outside the pictures. */
function colourOf({ codec, config }: VideoTrack): Colour | undefined {
  if (codec !== Codec.vp9 || config.length === 0) return undefined;
  const { matrix, transfer, primaries, fullRange } = parseVpcConfig(config);
  return { matrix, transfer, primaries, isFullRange: fullRange };
}

/** Nanoseconds that the times of blocks are ahead of what they hold: the pre-skip of Opus (RFC 9559 5.1.4.1.20). */
export function codecDelayOf(track: MediaTrack): number {
  if (track.codec !== Codec.opus) return 0;
  return Math.round((parseOpusHead(track.config).preSkip * 1e9) / OPUS_SAMPLE_RATE);
}
