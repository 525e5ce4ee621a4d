import type { PastSource } from "./past-reader.ts";
import { Refusal } from "./refusal.ts";
import { findPlace, type Place, type ReplayOptions } from "./replay-place.ts";
import { Replay, type ReplayHost } from "./replay.ts";
import type { Retention } from "./timeline.ts";

/** What the replays of a server need of its hub. */
export interface ReplaysOwner extends ReplayHost {
  readonly retention: Retention;
  /** Viewers at most who are shown the past. */
  readonly maxReplays: number;
  /** What the past of a name is read from. */
  past(name: string): PastSource;
}

/** The viewers of one hub who are shown the past, by the names of their streams, which may be over. */
export class Replays {
  readonly #owner: ReplaysOwner;
  readonly #byName = new Map<string, Set<Replay>>();
  /** Those that are shown something, and those whose place is being looked for. */
  #taken = 0;

  constructor(owner: ReplaysOwner) {
    this.#owner = owner;
  }

  get size(): number {
    return this.#taken;
  }

  /** How many there are of a name. */
  of(name: string): number {
    return this.#byName.get(name)?.size ?? 0;
  }

  /** A place in the past of a name; undefined where there is nothing to start at. */
  find(name: string, options: ReplayOptions): Promise<Place | undefined> {
    return findPlace(this.#owner.past(name), options, this.#owner.retention);
  }

  /**
   * What a viewer is shown who starts further back: by itself, at a pace of its own. Undefined where there is nothing to start at.
   *
   * @throws {Refusal} `full`, where as many see the past as may; the signal's reason
   */
  async open(name: string, options: ReplayOptions, signal: AbortSignal): Promise<Replay | undefined> {
    const { maxReplays } = this.#owner;
    if (this.#taken >= maxReplays) throw new Refusal("full", `This server shows the past to ${maxReplays} viewers at once and no more.`);
    this.#taken += 1;
    let replay: Replay | undefined;
    try {
      const place = await this.find(name, options);
      signal.throwIfAborted();
      if (place !== undefined) replay = this.#show(name, place, options);
      return replay;
    } finally {
      if (replay === undefined) this.#taken -= 1;
    }
  }

  /** Lets go of what is held back for those who have seen all that was published under a name. */
  flush(name: string): void {
    for (const replay of this.#byName.get(name) ?? []) replay.flush();
  }

  /** Once a second: ends viewers that take nothing or have nothing to start at. */
  sweep(now: number, stallTimeout: number): void {
    for (const { playhead } of this.#all()) playhead?.sweep(now, stallTimeout);
  }

  /** The server is ending. */
  close(): void {
    for (const { playhead } of this.#all()) playhead?.close("closing");
  }

  #all(): Replay[] {
    return [...this.#byName.values()].flatMap((replays) => [...replays]);
  }

  #show(name: string, place: Place, options: ReplayOptions): Replay {
    const replays = this.#byName.get(name) ?? new Set();
    const left = (): void => {
      this.#taken -= 1;
      replays.delete(replay);
      if (replays.size === 0 && this.#byName.get(name) === replays) this.#byName.delete(name);
    };
    // Who is not behind is live: nothing waits for a time when it would be due.
    const isLive = "behind" in options.from && options.from.behind === 0;
    const replay = new Replay(name, this.#owner, place, isLive ? { ...options, pace: "fast" } : options, left);
    this.#byName.set(name, replays.add(replay));
    return replay;
  }
}
