/** What Matroska and WebM carry here, and in which words the rest is refused. */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { codecNames } from "../../media/codec-name.ts";
import { describeAudio, describeVideo } from "../../media/describe.ts";
import { Codec, TrackKind } from "../../media/track.ts";
import type { Track } from "../../media/track.ts";
import { codecIdOf } from "./codec-id.ts";
import { DocType } from "./document.ts";

/** What the WebM container guidelines allow. */
const inWebm: ReadonlySet<Codec> = new Set([Codec.vp8, Codec.vp9, Codec.av1, Codec.opus, Codec.vorbis]);

/** Why the container cannot carry this track, in words for a viewer; undefined where it can. */
export function carriedByMatroska(track: Track, docType: DocType): string | undefined {
  const name = codecNames[track.codec];
  if (track.kind === TrackKind.data || codecIdOf(track.codec) === undefined) return `Matroska cannot carry ${name}`;
  if (docType === DocType.webm && !inWebm.has(track.codec)) return `WebM cannot carry ${name}, Matroska can`;
  if (track.kind === TrackKind.audio && track.sampleRate === 0) return `nothing says the sampling rate of its ${name}`;
  return isReadable(track) ? undefined : `the publisher has sent no decoder configuration for its ${name}, or a damaged one`;
}

/** Whether a player can start with the track's record. VP9 does without. */
function isReadable(track: Track): boolean {
  if (track.codec === Codec.vorbis || track.codec === Codec.theora) return track.config.length > 0;
  try {
    if (track.kind === TrackKind.video) describeVideo(track.codec, track.config);
    else describeAudio(track.codec, track.config);
    return true;
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
}
