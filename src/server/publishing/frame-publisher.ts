import type { Hub } from "../../hub/hub.ts";
import type { Publication } from "../../hub/publication.ts";
import { Sap } from "../../media/frame.ts";
import type { Metadata, Track } from "../../media/track.ts";
import { checkTimes, checkTrack } from "./check-frame.ts";
import { programPublisher, refusalOfEnd } from "./program-publisher.ts";

/** What is published frame by frame. */
export interface PublishFramesOptions {
  /** All tracks there will be at the beginning. Their ids are the publisher's own choice, from 1, each once. */
  readonly tracks: readonly Track[];
  /** What viewers are told of the stream besides (onMetaData). */
  readonly metadata?: Metadata;
}

/** A frame to be published. A `StreamFrame` is one. */
export interface PublishedFrame {
  /** Its track, or the id of one. A track that is new, or differs from the last with its id, takes effect from here on. */
  readonly track: Track | number;
  /** Decoding time, whole ticks of the track's timescale; it rises within a track. Where it begins does not matter. */
  readonly dts: number;
  /** Presentation time, the same ticks; `dts` if not given. */
  readonly pts?: number;
  /** Whether decoding can begin here; if not given, only for what is no video. Viewers start at such frames. */
  readonly sap?: Sap;
  /** No other frame refers to this one. */
  readonly discardable?: boolean;
  /**
   * The payload: for video NAL units each with their length in 4 bytes (AVC, HEVC) or OBUs with size fields (AV1), for audio
   * the bare packet (no ADTS). It is given away, not copied: nobody may write to it afterwards.
   */
  readonly data: Uint8Array;
}

/** Publishes frames into a stream: the counterpart of `frames()`. */
export interface FramePublisher extends Disposable {
  /** The stream's identity. */
  readonly name: string;
  /** Aborted when it is over, whoever ended it: `close()`, another publisher, the server. */
  readonly signal: AbortSignal;
  /**
   * Appends a frame to the stream; viewers are sent it in this turn or the next.
   *
   * @throws TypeError for a frame that is none, or of a track that is not known
   * @throws Refusal when it is over: `busy` (another publisher took over) or `closing`; Error after `close()`
   */
  write(frame: PublishedFrame): void;
  /** Ends the stream. Calling it again changes nothing. */
  close(): void;
}

/** Writes frames to a publication. */
export class HubFramePublisher implements FramePublisher {
  readonly name: string;
  readonly #publication: Publication;
  readonly #tracks = new Map<number, Track>();

  /**
   * @param name as `streamName` made it
   * @throws Refusal where the name is taken, or there are too many streams; TypeError for tracks that are none
   */
  constructor(hub: Hub, name: string, { tracks, metadata }: PublishFramesOptions) {
    if (tracks.length === 0) throw new TypeError("a stream has at least one track");
    if (new Set(tracks.map(({ id }) => id)).size < tracks.length) throw new TypeError("two tracks have the same id");
    for (const track of tracks) checkTrack(track);
    this.name = name;
    this.#publication = hub.publish(name, programPublisher());
    if (metadata !== undefined) this.#publication.metadata(metadata);
    for (const track of tracks) this.#declare(track);
    this.#publication.tracksAreComplete();
  }

  get signal(): AbortSignal {
    return this.#publication.signal;
  }

  write({ track: given, dts, pts = dts, sap, discardable = false, data }: PublishedFrame): void {
    const { end } = this.#publication;
    if (end === "unpublished") throw new Error(`a frame for "${this.name}" after close()`);
    if (end !== undefined) throw refusalOfEnd(end, this.name);
    const track = typeof given === "number" ? this.#tracks.get(given) : given;
    if (track === undefined) throw new TypeError(`there is no track ${given as number}`);
    checkTimes(dts, pts);
    if (!(data instanceof Uint8Array) || data.length === 0) throw new TypeError("a frame's data is a Uint8Array that is not empty");
    if (track !== this.#tracks.get(track.id)) {
      checkTrack(track);
      this.#declare(track);
    }
    const access = sap ?? (track.kind === "video" ? Sap.none : Sap.closed);
    this.#publication.frame({ track: track.id, dts, pts, sap: access, discardable, data });
  }

  close(): void {
    this.#publication.close("unpublished");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #declare(track: Track): void {
    this.#tracks.set(track.id, track);
    this.#publication.track(track);
  }
}
