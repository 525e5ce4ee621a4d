import { type Frames, type FramesOptions, HubFrames } from "../hub/frames.ts";
import type { Hub } from "../hub/hub.ts";
import type { PublisherInfo } from "../hub/publication.ts";
import type { Stream } from "../hub/stream.ts";
import type { Recordings } from "./recording/recordings.ts";
import { readRecordOptions, type RecordOptions, SessionRecording, type StreamRecording } from "./recording/stream-recording.ts";
import type { Metadata, Track } from "../media/track.ts";

/**
 * What a name stands for at a moment. `offline`: nobody publishes it. `waiting`: a publisher is there and has not sent its
 * tracks yet. `live`. `reconnecting`: its publisher was lost and is waited for.
 */
export type LiveState = "offline" | "waiting" | "live" | "reconnecting";

/** A stream by its name, live or not. It holds nothing: every property tells how things are when it is read. */
export interface StreamHandle {
  /** The identity: one or more segments joined by `/`. */
  readonly name: string;
  readonly state: LiveState;
  /** Unix milliseconds since which it has been there; undefined where it is not. */
  readonly since: number | undefined;
  /** The tracks that are there now; none before they are known. The same objects as long as nothing of them changes. */
  readonly tracks: readonly Track[];
  /** What the publisher says of its stream (onMetaData), unchecked. */
  readonly metadata: Metadata;
  /** Who publishes; undefined where nobody does, or the publisher is lost. */
  readonly publisher: PublisherInfo | undefined;
  /** Viewers over all protocols; not counting who waits for a publisher, nor readers of `frames()`. */
  readonly viewers: number;
  /** What the publisher sends, in bits per second, over the last few seconds. */
  readonly bitrate: number;
  /**
   * Its frames from here on, for `for await`: a playhead of the program's own. It waits for a publisher, goes on when that
   * one is lost and comes back, and ends with the stream. See `Frames` for what happens to a slow reader.
   */
  frames(options?: FramesOptions): Frames;
  /**
   * Records it from its newest random-access point until it ends, or `stop()`; where nobody publishes it, its next publisher. What `options` do
   * not say, the settings in `recording` do.
   *
   * @throws TypeError for options that are none; Refusal `full`, `closing`
   */
  record(options?: RecordOptions): StreamRecording;
}

/** A name of a hub. */
export class HubStreamHandle implements StreamHandle {
  readonly name: string;
  readonly #hub: Hub;
  readonly #recordings: Recordings;

  /** @param name as `streamName` made it */
  constructor(hub: Hub, name: string, recordings: Recordings) {
    this.#hub = hub;
    this.name = name;
    this.#recordings = recordings;
  }

  get state(): LiveState {
    const state = this.#stream?.state ?? "offline";
    return state === "ended" ? "offline" : state;
  }

  get since(): number | undefined {
    return this.#stream?.since;
  }

  get tracks(): readonly Track[] {
    return this.#stream?.timeline.current?.tracks ?? [];
  }

  get metadata(): Metadata {
    return this.#stream?.timeline.current?.metadata ?? {};
  }

  get publisher(): PublisherInfo | undefined {
    return this.#stream?.publication?.info;
  }

  get viewers(): number {
    return this.#stream?.viewers ?? 0;
  }

  get bitrate(): number {
    return this.#stream?.bitrate ?? 0;
  }

  frames(options: FramesOptions = {}): Frames {
    return new HubFrames(this.#hub, this.name, options);
  }

  record(options: RecordOptions = {}): StreamRecording {
    const session = this.#recordings.begin(this.name, { by: "program", ...readRecordOptions(options) });
    return new SessionRecording(session, this.#recordings.folder);
  }

  get #stream(): Stream | undefined {
    return this.#hub.streams.get(this.name);
  }
}
