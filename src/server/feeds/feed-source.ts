import { RingEncoder, type RingWrites } from "../../containers/ring/ring-encoder.ts";
import type { InForce } from "../../containers/ring/block.ts";
import type { Timeline, TimelineEntry, TimelineOrigin } from "../../hub/timeline.ts";
import type { RingFile } from "./ring-file.ts";
import { StateInForce } from "./state-in-force.ts";
import type { TimelineEnd } from "./timeline-end.ts";

/** Bytes encoded at one time. */
const MAX_FILL = 1024 * 1024;
/** Timelines that are followed: the one that goes on, and one before it whose end is not written yet. */
const MAX_TIMELINES = 2;
/** Generations that a crash may have made unseen: their ids are not used again, for URLs name them. */
const UNSEEN_GENERATIONS = 16;

interface Following {
  readonly timeline: Timeline;
  /** Number of its first entry. */
  readonly first: number;
  /** Number of the entry to be encoded next, and of the first one that is not in the file. */
  next: number;
  kept: number;
  readonly leave: () => void;
}

/**
 * Takes entries out of the rings of timelines, one timeline after the other, into the bytes of a ring file. Nothing is queued: what is not
 * written stays in the timeline's ring, and what falls out of that before is lost to the file, which goes on at a random-access point.
 */
export class FeedSource {
  readonly #wake: () => void;
  /** What was before a timeline is forgotten when it begins. */
  readonly #truncates: boolean;
  readonly #timelines: Following[] = [];
  #ring: RingFile | undefined;
  #encoder: RingEncoder | undefined;
  /** At the next entry to be encoded, and at the first one that is not in the file. */
  readonly #state = new StateInForce();
  #kept: Partial<InForce> = {};
  readonly #end: TimelineEnd;
  #isRecovered = true;
  /** Entries are passed over up to the next random-access point. */
  #seeking = false;
  /** Number of the entry that follows the last one encoded. */
  #expected = 0;
  /** Entries that could not be kept. */
  lost = 0;

  /** @param wake there is something to encode. @param truncates what was before a timeline is forgotten when it begins */
  constructor(end: TimelineEnd, wake: () => void, truncates = false) {
    this.#end = end;
    this.#wake = wake;
    this.#truncates = truncates;
  }

  get isBehind(): boolean {
    return this.#timelines.some(({ timeline, kept }) => timeline.ended || kept < timeline.endSequence);
  }

  /** Number of the next entry that the file does not have. */
  get next(): number {
    return this.#timelines[0]?.kept ?? this.#end.sequence;
  }

  /** Where the next timeline goes on. What the last one had and is not written yet is still in its ring, and will be. */
  get origin(): TimelineOrigin | undefined {
    const end = this.#end.copy();
    for (const { timeline, next } of this.#timelines) {
      for (let at = Math.max(next, timeline.firstSequence); at < timeline.endSequence; at++) end.add(at, timeline.entry(at)!);
    }
    return end.origin(this.#isRecovered ? UNSEEN_GENERATIONS : 0);
  }

  follow(timeline: Timeline): void {
    this.#isRecovered = false;
    const [first, leave] = [timeline.firstSequence, timeline.wait({ wake: this.#wake })];
    this.#timelines.push({ timeline, first, next: first, kept: first, leave });
    if (this.#timelines.length > MAX_TIMELINES) this.#leave();
  }

  leaveAll(): void {
    while (this.#timelines.length > 0) this.#leave();
  }

  /** Goes on in this file: from its end, with the first entry that is in none. */
  begin(ring: RingFile): void {
    this.#ring = ring;
    this.#encoder = new RingEncoder({ file: ring.header, checksum: ring.checksum, draw: ring.draw });
    const following = this.#timelines[0];
    if (following !== undefined) following.next = following.kept;
    this.#state.begin(this.#kept);
    this.#restart();
  }

  /** @returns false where there is nothing to take */
  fill(): boolean {
    const following = this.#timelines[0];
    if (following === undefined) return false;
    const { timeline } = following;
    if (following.next < timeline.firstSequence) this.#goOn(following);
    const from = following.next;
    // The numbers in a block follow one another.
    if (this.#truncates && from === following.first) this.#restart(true);
    else if (!this.#seeking && from !== this.#expected) this.#restart();
    while (this.#encoder!.waiting < MAX_FILL) {
      const entry = timeline.entry(following.next);
      if (entry === undefined) break;
      // A block begins there; what was encoded before is written first.
      if (this.#seeking && this.#state.isStart(entry) && this.#encoder!.waiting > 0) break;
      this.#add(following.next, entry);
      following.next += 1;
    }
    return following.next > from || timeline.ended;
  }

  /** What is to be written; it may be nothing. */
  take(): RingWrites {
    return this.#encoder!.take();
  }

  /** It was written. */
  commit(): void {
    const following = this.#timelines[0];
    this.#kept = this.#state.current;
    if (following === undefined) return;
    following.kept = following.next;
    if (following.timeline.ended && following.next >= following.timeline.endSequence) this.#leave();
  }

  #add(sequence: number, given: TimelineEntry): void {
    const entry = this.#keepable(given);
    const isStart = this.#state.isStart(entry);
    if (this.#seeking && isStart && this.#fits(this.#state.current)) this.#restart();
    if (!this.#seeking && !this.#encoder!.add(sequence, entry, isStart)) this.#seeking = true;
    if (this.#seeking) this.lost += 1;
    this.#expected = sequence + 1;
    this.#state.take(entry);
    this.#end.add(sequence, entry);
  }

  /** A generation whose metadata are too long to be said again in every block is kept without them. */
  #keepable(entry: TimelineEntry): TimelineEntry {
    if (entry.kind !== "generation" || this.#fits({ generation: entry.generation })) return entry;
    return { kind: "generation", generation: { ...entry.generation, metadata: {} } };
  }

  #fits({ generation }: Partial<InForce>): boolean {
    return generation === undefined || this.#encoder!.fits(generation);
  }

  #restart(forgets = false): void {
    this.#seeking = false;
    this.#encoder!.restart(this.#ring!.end.block + 1, this.#state.current, this.#ring!.index.newest, forgets);
  }

  /** The timeline's ring does not have the next entry any more. */
  #goOn(following: Following): void {
    const { timeline, next } = following;
    const start = timeline.oldestStart;
    following.next = start?.sequence ?? timeline.endSequence;
    this.lost += following.next - next;
    this.#seeking = true;
    if (start === undefined) return;
    const generation = this.#keepable({ kind: "generation", generation: start.generation });
    this.#state.begin({
      discontinuity: start.discontinuity,
      generation: generation.kind === "generation" ? generation.generation : start.generation,
    });
  }

  #leave(): void {
    const following = this.#timelines.shift();
    if (following === undefined) return;
    const { timeline, next, kept, leave } = following;
    for (let at = Math.max(next, timeline.firstSequence); at < timeline.endSequence; at++) this.#end.add(at, timeline.entry(at)!);
    this.lost += Math.max(0, timeline.endSequence - kept);
    leave();
  }
}
