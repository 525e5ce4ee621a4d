import type { Container } from "../../hub/container-output.ts";
import type { Frames, FramesOptions } from "../../hub/frames.ts";
import { bareFraming, type Framing } from "../../hub/framing.ts";
import type { Playhead, PlayheadEnd, PlayheadSink } from "../../hub/playhead.ts";
import type { Stream } from "../../hub/stream.ts";
import type { Log } from "../log.ts";
import type { StreamHandle } from "../stream-handle.ts";
import { checkedFraming } from "./checked-framing.ts";
import { CheckedPlayheadSink } from "./checked-playhead-sink.ts";

/** How somebody is let watch. */
export interface PlayOptions {
  /** Milliseconds to wait for a publisher; `viewers.waitForPublisher` if not given. */
  readonly wait?: number;
}

/** A container's bytes on their way to a viewer of a plug-in's protocol. */
export interface SendOptions {
  /** The name of a container of the server's (`flv`, `mp4`, one that a plug-in added), or one of the plug-in's own. */
  readonly container: string | Container;
  /** Options of a container that is named, as they stand in a viewer's URL: `only`, and its own parameters. */
  readonly query?: URLSearchParams;
  /** What is put around inits and chunks; nothing if not given. */
  readonly framing?: Framing;
  /** Where they go, from the newest random-access point on, in a later turn. What it throws ends this viewer. */
  readonly sink: PlayheadSink;
}

/** A viewer that is being sent bytes. */
export interface Playback {
  /** Bytes given to the sink. */
  readonly bytes: number;
  /** How often it was too slow, lost its place and went on at the newest random-access point. */
  readonly skips: number;
  /** Bytes that are there and that it has not been sent. */
  readonly lag: number;
  /** Sends nothing until `resume`, which goes on live. */
  pause(): void;
  resume(): void;
}

/** A peer that watches. It holds one of `viewers.max` places until it is closed, its peer is gone or what it was sent has ended. */
export interface PeerViewer extends Disposable {
  /** The stream that was granted; it is live. */
  readonly stream: StreamHandle;
  /** Aborted when it is over, whoever ended it. */
  readonly signal: AbortSignal;
  /** The stream's frames; they end with the viewer too. */
  frames(options?: FramesOptions): Frames;
  /**
   * Begins to send a container's bytes. Once for a viewer; the sink's `end` is the last that is heard of it.
   *
   * @throws Refusal `not-carried`, where the container has no use for these tracks; `not-live`; `name-refused` for a query that means nothing
   * @throws TypeError for a container that there is not, and when it is called again or after the end
   */
  send(options: SendOptions): Playback;
  /** Ends it. Calling it again changes nothing. */
  close(): void;
}

/** What a viewer needs of the server. */
export interface ViewerHost {
  /** The plug-in's name. */
  readonly plugin: string;
  readonly log: Log;
  /** A container by its name, with options as a URL has them. @throws TypeError, Refusal */
  container(name: string, query: URLSearchParams): Container;
  /** A container of the plug-in's own, under a key that is nobody else's. */
  own(container: Container): Container;
}

/** A peer that watches a stream of a hub. */
export class HubPeerViewer implements PeerViewer {
  readonly stream: StreamHandle;
  readonly #stream: Stream;
  readonly #host: ViewerHost;
  readonly #release: () => void;
  readonly #over = new AbortController();
  #playhead: Playhead | undefined;

  /**
   * @param release gives its place back
   * @param gone aborted when the peer has left
   */
  constructor(stream: Stream, handle: StreamHandle, host: ViewerHost, release: () => void, gone: AbortSignal | undefined) {
    this.stream = handle;
    this.#stream = stream;
    this.#host = host;
    this.#release = release;
    if (gone?.aborted === true) this.close();
    gone?.addEventListener("abort", () => this.close(), { signal: this.#over.signal });
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  frames(options: FramesOptions = {}): Frames {
    const { signal } = options;
    const until = signal === undefined ? this.signal : AbortSignal.any([signal, this.signal]);
    return this.stream.frames({ ...options, signal: until });
  }

  send({ container, query = new URLSearchParams(), framing, sink }: SendOptions): Playback {
    if (this.#playhead !== undefined) throw new TypeError("a viewer is sent one container");
    if (this.signal.aborted) throw new TypeError("this viewer has ended");
    const { plugin, log } = this.#host;
    const chosen = typeof container === "string" ? this.#host.container(container, query) : this.#host.own(container);
    // A framing that fails ends its outputs with their muxer: it must not be one that others use.
    const [shared, wrapped] = framing === undefined ? [chosen, bareFraming] : [this.#host.own(chosen), checkedFraming(plugin, framing)];
    const checked = new CheckedPlayheadSink(sink, log, () => this.close());
    const playhead = this.#stream.play(shared, wrapped, checked);
    this.#playhead = playhead;
    return playback(playhead);
  }

  close(): void {
    if (this.signal.aborted) return;
    this.#over.abort();
    this.#release();
    this.#playhead?.close("left" satisfies PlayheadEnd);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function playback(playhead: Playhead): Playback {
  return {
    get bytes() {
      return playhead.bytes;
    },
    get skips() {
      return playhead.skips;
    },
    get lag() {
      return playhead.lag;
    },
    pause: () => playhead.pause(),
    resume: () => playhead.resume(),
  };
}
