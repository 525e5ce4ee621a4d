import { NotCarried } from "../../media/muxer.ts";
import type { AudioTrack, DataTrack, Generation, Track, VideoTrack } from "../../media/track.ts";
import { Codec, TrackKind } from "../../media/track.ts";
import { carriesAudio } from "./audio-tag.ts";
import { carriesVideo } from "./video-tag.ts";

/** Which kinds of track a viewer asked for; script data comes along with either. */
export interface WantedKinds {
  readonly video?: boolean;
  readonly audio?: boolean;
}

/** The tracks of a generation that go into one FLV or RTMP output: one of a kind, and script data. */
export interface Selection {
  readonly video: VideoTrack | undefined;
  readonly audio: AudioTrack | undefined;
  readonly data: readonly DataTrack[];
}

/**
 * Takes the default track of each kind, or the first that can be carried where it cannot.
 *
 * @throws NotCarried if neither video nor audio is left
 */
export function selectTracks(generation: Generation, wanted: WantedKinds): Selection {
  const { tracks } = generation;
  const data = tracks.filter((track) => track.kind === TrackKind.data && track.codec === Codec.amf0) as DataTrack[];
  const video = wanted.video === false ? undefined : preferred(tracks.filter(isCarriedVideo));
  const audio = wanted.audio === false ? undefined : preferred(tracks.filter(isCarriedAudio));
  if (video === undefined && audio === undefined) throw new NotCarried(reason(tracks, wanted));
  return { video, audio, data };
}

/** Why FLV and RTMP cannot carry a track, in words for a viewer; undefined where they can. */
export function notCarriedByFlv(track: VideoTrack | AudioTrack): string | undefined {
  const carries = track.kind === TrackKind.video ? carriesVideo(track) : carriesAudio(track);
  return carries ? undefined : `FLV and RTMP cannot carry ${track.codec}`;
}

function isCarriedVideo(track: Track): track is VideoTrack {
  return track.kind === TrackKind.video && carriesVideo(track);
}

function isCarriedAudio(track: Track): track is AudioTrack {
  return track.kind === TrackKind.audio && carriesAudio(track);
}

function preferred<T extends Track>(tracks: readonly T[]): T | undefined {
  return tracks.find((track) => track.isDefault) ?? tracks[0];
}

function reason(tracks: readonly Track[], wanted: WantedKinds): string {
  const asked = tracks.filter((track) => (track.kind === TrackKind.video ? wanted.video : wanted.audio) !== false);
  const media = asked.filter((track) => track.kind !== TrackKind.data);
  if (media.length > 0) return `FLV and RTMP cannot carry ${media.map((track) => track.codec).join(" and ")}.`;
  if (wanted.video === false) return "The stream has no audio.";
  return wanted.audio === false ? "The stream has no video." : "The stream has neither video nor audio.";
}
