import type { MuxerFactory } from "../../media/muxer.ts";
import type { AudioTrack, VideoTrack } from "../../media/track.ts";

/** What one viewer's URL asks of a container. */
export interface ContainerOptions {
  /** Whether video goes in: not with `?only=audio`, nor where the container has no room for it. */
  readonly video: boolean;
  readonly audio: boolean;
  /** Of each of the format's `parameters` the value that the URL has, or the first. */
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * A container in which streams are watched over HTTP at `/APP/STREAM.EXTENSION`, and over WebSocket where it says so. Viewers who ask
 * for the same share one muxer.
 */
export interface ContainerFormat {
  /** Lower-case letters and digits, with dashes between. In lists, logs and messages. */
  readonly name: string;
  /** Its name for people, `MPEG-TS`; `name` if not given. */
  readonly title?: string;
  /** Ends of URLs that mean it, lower-case letters and digits, without the dot. The first is the one that is shown. */
  readonly extensions: readonly string[];
  /**
   * The media type of responses (RFC 9110 8.3.1), or a function that makes it of the tracks that go in, of which there is one at least.
   * A `codecs` parameter (RFC 6381) in it is also sent as `X-Codecs`.
   */
  readonly mimeType: string | ((tracks: readonly (VideoTrack | AudioTrack)[]) => string);
  /** The kinds of track it has room for; both if not given. */
  readonly kinds?: readonly ("video" | "audio")[];
  /** Why it cannot carry a track of such a kind, in words for a viewer; undefined where it can. Not given: it carries every codec. */
  cannotCarry?(track: VideoTrack | AudioTrack): string | undefined;
  /**
   * Query parameters of its own, each with the values it may have, the first of them for URLs without it: `{ hevc: ["enhanced", "legacy"] }`. Every
   * combination that viewers ask for is an output, which costs memory: few values. `only` and `key` are taken.
   */
  readonly parameters?: Readonly<Record<string, readonly string[]>>;
  /** Watched over WebSocket too, each init and each chunk a binary message; false if not given. */
  readonly webSocket?: boolean;
  /** What plays it, for the lists of URLs: `VLC, FFmpeg`. */
  readonly players?: { readonly http?: string; readonly webSocket?: string };
  /** Makes the muxers of all viewers who ask for the same. */
  muxer(options: ContainerOptions): MuxerFactory;
}
