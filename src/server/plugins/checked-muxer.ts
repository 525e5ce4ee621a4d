import type { Frame } from "../../media/frame.ts";
import type { Discontinuity, MuxedChunk, MuxedInit, Muxer, MuxerFactory, MuxerSink } from "../../media/muxer.ts";
import { NotCarried } from "../../media/muxer.ts";
import type { Generation, Track } from "../../media/track.ts";
import { asOwnError } from "./own-errors.ts";
import { PluginError } from "./plugin.ts";

/** The tracks that a muxer is told of. @throws {NotCarried} where there are none */
export type ChooseTracks = (generation: Generation) => readonly Track[];

/**
 * A plug-in's muxer that cannot hurt what it writes to: its output is checked, it writes only while it is called, and what it throws has the
 * plug-in's name. Whoever calls it ends its output then.
 *
 * @param choose leaves out tracks with their frames; all go in if not given
 */
export function checkedMuxer(plugin: string, factory: MuxerFactory, choose?: ChooseTracks): MuxerFactory {
  return (sink) => new CheckedMuxer(plugin, factory, sink, choose);
}

class CheckedMuxer implements Muxer {
  readonly #plugin: string;
  readonly #muxer: Muxer;
  readonly #sink: MuxerSink;
  readonly #choose: ChooseTracks;
  /** As the muxer was last told. */
  #told: Generation | undefined;
  #tracks: ReadonlySet<number> = new Set();
  #isCalled = false;
  #hasInit = false;

  constructor(plugin: string, factory: MuxerFactory, sink: MuxerSink, choose: ChooseTracks = ({ tracks }) => tracks) {
    this.#plugin = plugin;
    this.#sink = sink;
    this.#choose = choose;
    const init = (given: MuxedInit): void => this.#init(given);
    const chunk = (given: MuxedChunk): void => this.#chunk(given);
    this.#muxer = this.#call(() => factory({ init, chunk }));
  }

  /** A change of what does not go in is none for the muxer. */
  generation(next: Generation): void {
    const tracks = this.#choose(next);
    const before = this.#told;
    if (before?.metadata === next.metadata && isSame(before.tracks, tracks)) return;
    this.#told = { ...next, tracks };
    this.#tracks = new Set(tracks.map(({ id }) => id));
    this.#call(() => this.#muxer.generation(this.#told!));
  }

  frame(frame: Frame): void {
    if (this.#tracks.has(frame.track)) this.#call(() => this.#muxer.frame(frame));
  }

  discontinuity(entry: Discontinuity): void {
    this.#call(() => this.#muxer.discontinuity(entry));
  }

  flush(): void {
    this.#call(() => this.#muxer.flush());
  }

  #call<Result>(call: () => Result): Result {
    this.#isCalled = true;
    try {
      return call();
    } catch (error) {
      const own = asOwnError(error);
      throw own instanceof NotCarried ? own : new PluginError(this.#plugin, "failed in its muxer", error);
    } finally {
      this.#isCalled = false;
    }
  }

  #init(init: MuxedInit): void {
    this.#checkTurn();
    const { bytes, change } = init;
    if (!(bytes instanceof Uint8Array) || !(change === undefined || change instanceof Uint8Array)) {
      throw new TypeError("the bytes of an init are Uint8Arrays");
    }
    this.#hasInit = true;
    this.#sink.init(init);
  }

  #chunk(chunk: MuxedChunk): void {
    this.#checkTurn();
    if (!this.#hasInit) throw new TypeError("a chunk before the first init");
    if (!Number.isSafeInteger(chunk.dts)) throw new TypeError("the dts of a chunk is a whole number of microseconds");
    let length = 0;
    for (const part of chunk.parts) {
      if (!(part instanceof Uint8Array)) throw new TypeError("the parts of a chunk are Uint8Arrays");
      length += part.length;
    }
    // An empty chunk would end an HTTP body.
    if (length > 0) this.#sink.chunk(chunk);
  }

  #checkTurn(): void {
    if (!this.#isCalled) throw new TypeError("a muxer writes only while one of its methods is called");
  }
}

function isSame(a: readonly Track[], b: readonly Track[]): boolean {
  return a.length === b.length && a.every((track, index) => track === b[index]);
}
