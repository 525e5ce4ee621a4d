import type { Playhead } from "./playhead.ts";
import type { Scheduler } from "./scheduler.ts";

/** Milliseconds that a walk may hold the event loop before it yields. */
export const SLICE = 4;
/** Milliseconds between the beginnings of two walks over one audience, at least. */
export const MIN_INTERVAL = 8;
/** Milliseconds that audio alone waits for a video frame to ride along with. */
export const AUDIO_PATIENCE = 40;
/** Playheads moved between two looks at the clock. */
const BATCH = 32;

/** The viewers of one stream, in the order in which they are walked. */
export class Audience {
  readonly #playheads: Playhead[] = [];
  /** Where a walk that is under way goes on; -1 between walks. */
  cursor = -1;
  /** Video came during the walk: one more follows. */
  again = false;
  /** Milliseconds at which the newest walk began. */
  walkedAt = -Infinity;
  /** A walk has been asked for and has not begun. */
  due = false;
  /** Calls off the timer of a walk that waits, if one does. */
  cancelTimer: (() => void) | undefined;
  /** That timer is for audio alone: video does not wait for it. */
  unhurried = false;

  get size(): number {
    return this.#playheads.length;
  }

  add(playhead: Playhead): void {
    playhead.slot = this.#playheads.length;
    this.#playheads.push(playhead);
  }

  remove(playhead: Playhead): void {
    const { slot } = playhead;
    if (this.#playheads[slot] !== playhead) return;
    const last = this.#playheads.pop()!;
    if (last !== playhead) {
      this.#playheads[slot] = last;
      last.slot = slot;
      // It was moved to where the walk has been already: it would miss this one, and nothing may follow.
      if (slot < this.cursor) this.again = true;
    }
    playhead.slot = -1;
  }

  at(index: number): Playhead | undefined {
    return this.#playheads[index];
  }

  *[Symbol.iterator](): Iterator<Playhead> {
    yield* [...this.#playheads];
  }
}

/**
 * Moves playheads: all of an audience when its outputs have grown, single ones when they have to catch up. It works
 * in slices of at most 4 ms with a turn of the event loop between, the audiences taking turns, so that no stream and
 * no socket waits long for another (design 4).
 */
export class Pump {
  readonly #scheduler: Scheduler;
  readonly #extraWait: number;
  /** Audiences whose walk has begun or may begin now. */
  readonly #walking: Audience[] = [];
  #catchingUp: Playhead[] = [];
  #scheduled = false;

  /** @param extraWait milliseconds that every walk waits on purpose, 0 to 350: fewer writes for more delay */
  constructor(scheduler: Scheduler, extraWait = 0) {
    this.#scheduler = scheduler;
    this.#extraWait = extraWait;
  }

  /** An audience's outputs have grown. `urgent`: by a video frame. */
  wake(audience: Audience, urgent: boolean): void {
    if (audience.size === 0) return;
    if (audience.cursor >= 0) {
      if (urgent) audience.again = true;
      else this.#plan(audience, AUDIO_PATIENCE, true);
      return;
    }
    if (audience.due) return;
    if (urgent) this.#plan(audience, Math.max(this.#extraWait, audience.walkedAt + MIN_INTERVAL - this.#scheduler.now()), false);
    else this.#plan(audience, Math.max(this.#extraWait, AUDIO_PATIENCE), true);
  }

  /** A playhead has to go on though its audience need not be walked: it starts, or catches up. */
  move(playhead: Playhead): void {
    this.#catchingUp.push(playhead);
    this.#schedule();
  }

  #plan(audience: Audience, wait: number, unhurried: boolean): void {
    if (audience.cancelTimer !== undefined) {
      if (unhurried || !audience.unhurried) return; // a walk that comes soon enough is planned
      audience.cancelTimer();
      audience.cancelTimer = undefined;
    }
    if (wait <= 0) return this.#begin(audience);
    audience.unhurried = unhurried;
    audience.cancelTimer = this.#scheduler.after(Math.ceil(wait), () => {
      audience.cancelTimer = undefined;
      if (audience.cursor >= 0) audience.again = true;
      else this.#begin(audience);
    });
  }

  #begin(audience: Audience): void {
    if (audience.due) return;
    audience.due = true;
    this.#walking.push(audience);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#scheduler.immediate(() => this.#turn());
  }

  /** One slice. */
  #turn(): void {
    this.#scheduled = false;
    const deadline = this.#scheduler.now() + SLICE;
    this.#catchUp(deadline);
    let now = this.#scheduler.now();
    while (this.#walking.length > 0 && now < deadline) {
      const audience = this.#walking.shift()!;
      if (audience.due) {
        audience.due = false;
        audience.again = false;
        audience.walkedAt = now;
        audience.cursor = 0;
      }
      now = this.#walk(audience, now, deadline);
      if (audience.cursor >= 0) this.#walking.push(audience);
      else if (audience.again) this.#plan(audience, Math.max(this.#extraWait, audience.walkedAt + MIN_INTERVAL - now), false);
    }
    if (this.#walking.length > 0 || this.#catchingUp.length > 0) this.#schedule();
  }

  #walk(audience: Audience, started: number, deadline: number): number {
    let now = started;
    while (now < deadline) {
      for (let i = 0; i < BATCH; i++) {
        const playhead = audience.at(audience.cursor);
        if (playhead === undefined) {
          audience.cursor = -1;
          return this.#scheduler.now();
        }
        playhead.step(now);
        // One that ended has left its place to the last in the list.
        if (playhead.slot === audience.cursor) audience.cursor += 1;
      }
      now = this.#scheduler.now();
    }
    return now;
  }

  #catchUp(deadline: number): void {
    const list = this.#catchingUp;
    if (list.length === 0) return;
    let done = 0;
    let now = this.#scheduler.now();
    while (done < list.length && now < deadline) {
      list[done++]!.step(now);
      if (done % BATCH === 0) now = this.#scheduler.now();
    }
    this.#catchingUp = list.slice(done);
  }
}
