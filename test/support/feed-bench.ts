import assert from "node:assert/strict";
import type { ArchiveEntry, ArchiveReader } from "../../src/hub/archive.ts";
import { Timeline } from "../../src/hub/timeline.ts";
import type { TimelineEntry } from "../../src/hub/timeline.ts";
import { FeedKeeper, type FeedKeeperOptions, type FeedState } from "../../src/server/feeds/feed-keeper.ts";
import { silentLog } from "../../src/server/log.ts";
import type { Disk } from "../../src/server/storage/disk.ts";
import { FakeScheduler } from "./fake-scheduler.ts";
import { audioTrack, videoTrack } from "./hub-fixtures.ts";

export const feedPath = "/feeds/cam.ring";
/** Bytes of a picture and of a packet of sound: 2 Mb/s in all. */
const pictureSize = 9760;
const soundSize = 120;

/** One feed on a disk of a test's own, with a clock that stands still. */
export class FeedBench {
  readonly clock: FakeScheduler;
  readonly disk: Disk;
  readonly keeper: FeedKeeper;
  readonly states: FeedState[] = [];
  timeline: Timeline | undefined;
  /** Everything put on timelines, by its number. */
  readonly given: Map<number, TimelineEntry>;
  /** Bytes of all frames put on timelines. */
  payload = 0;
  /** Payloads by length and content: a test may feed more than there is memory. */
  readonly #payloads = new Map<string, Uint8Array>();
  /** Milliseconds on the timeline: where it began, and where it is. */
  #begun = 0;
  #end = 0;

  constructor(
    disk: Disk,
    options: Partial<FeedKeeperOptions> = {},
    shared: { readonly clock?: FakeScheduler; readonly given?: Map<number, TimelineEntry> } = {},
  ) {
    this.clock = shared.clock ?? new FakeScheduler();
    this.given = shared.given ?? new Map();
    this.disk = disk;
    this.keeper = new FeedKeeper({
      name: "live/cam",
      path: feedPath,
      maxSize: 1024 * 1024,
      truncate: false,
      disk,
      scheduler: this.clock,
      log: silentLog(),
      process: { self: { place: "here", pid: 1, started: "1" }, startOf: () => undefined },
      onState: (state) => void this.states.push(state),
      ...options,
    });
  }

  async open(): Promise<this> {
    const opening = this.keeper.open();
    let done = false;
    const ended = opening.finally(() => (done = true)).catch(() => undefined);
    for (let i = 0; i < 100 && !done; i++) await this.pass(100);
    await ended;
    await opening;
    return this;
  }

  /** Lets time pass, and what the disk has to do with it. */
  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** A new timeline, as a publisher who comes begins one. */
  begin(retention = { beforeNewestStart: 2000, maxBytes: 64 * 1024 * 1024 }): Timeline {
    const origin = this.keeper.origin;
    const timeline = new Timeline(retention, origin);
    this.timeline = timeline;
    this.keeper.follow(timeline);
    const time = origin === undefined ? 0 : Math.ceil(origin.micros / 1000 + Math.max(0, this.clock.wallClock() - origin.utc));
    this.#begun = this.#end = time;
    this.#note(() =>
      timeline.discontinuity({ reason: origin === undefined ? "start" : "reconnect", utcOffset: this.clock.wallClock() - time }),
    );
    this.#note(() => timeline.generation({ id: timeline.nextGeneration, tracks: [videoTrack, audioTrack], metadata: { title: "Bench" } }));
    return timeline;
  }

  /** Pictures every 40 ms, a key frame every second, sound every 20 ms, in real time. */
  async feed(ms: number, size = pictureSize): Promise<void> {
    for (const until = this.#end + ms; this.#end < until; this.#end += 20) {
      const age = this.#end - this.#begun;
      if (age % 40 === 0) this.frame(1, this.#end, size, age % 1000 === 0);
      this.frame(2, this.#end, soundSize, true);
      await (age % 100 === 0 ? this.pass(20) : this.clock.advance(20));
    }
  }

  frame(track: number, dts: number, size: number, key: boolean): void {
    const data = this.#payload(size, (dts / 20) & 0xff);
    this.payload += size;
    const frame = { track, dts, pts: dts, sap: key ? 1 : 0, discardable: false, arrived: dts * 1000, data } as const;
    this.#note(() => this.timeline!.frame(frame));
  }

  #payload(size: number, content: number): Uint8Array {
    const key = `${size} ${content}`;
    const known = this.#payloads.get(key) ?? new Uint8Array(size).fill(content);
    this.#payloads.set(key, known);
    return known;
  }

  #note(append: () => void): void {
    const { endSequence } = this.timeline!;
    append();
    this.given.set(endSequence, this.timeline!.entry(endSequence)!);
  }

  async close(): Promise<void> {
    this.timeline?.end();
    const closing = this.keeper.close(5000);
    for (let i = 0; i < 10; i++) await this.pass(0);
    await closing;
  }
}

/** All that a reader gives until it has everything. */
export async function readAll(reader: ArchiveReader): Promise<ArchiveEntry[]> {
  const entries: ArchiveEntry[] = [];
  for (let some = await reader.read(); some !== undefined; some = await reader.read()) {
    assert.ok(some.length > 0);
    entries.push(...some);
  }
  return entries;
}

/**
 * Compares what a reader gave with what was put on the timelines: it begins at a random-access point with what is in force there, has no
 * hole but those it tells, and goes on behind those at a random-access point.
 *
 * @returns the number of the first and of the last entry, and how many were told to be missing
 */
export function checkRead(
  entries: readonly ArchiveEntry[],
  given: ReadonlyMap<number, TimelineEntry>,
): { first: number; last: number; missed: number } {
  const numbers = entries.flatMap((entry) => ("skip" in entry ? [] : [entry.sequence]));
  let expected: number | undefined;
  let missed = 0;
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i]!;
    if (expected === undefined || "skip" in entry) {
      if ("skip" in entry) {
        missed += entry.skip;
        i += 1;
      }
      const [discontinuity, generation, start] = entries.slice(i, i + 3);
      assert.ok(discontinuity && "entry" in discontinuity && discontinuity.entry.kind === "discontinuity", "first the map to UTC");
      assert.ok(generation && "entry" in generation && generation.entry.kind === "generation", "then the tracks");
      assert.ok(start && "entry" in start && start.entry.kind === "frame" && start.entry.frame.sap === 1 && start.entry.frame.track === 1);
      if ("skip" in entry) assert.equal(start.sequence, expected! + entry.skip);
      const before = (kind: string): TimelineEntry => [...given].findLast(([at, { kind: is }]) => at < start.sequence && is === kind)![1];
      same(discontinuity.entry, before("discontinuity"));
      same(generation.entry, before("generation"));
      expected = start.sequence;
      i += 2;
      same(start.entry, given.get(start.sequence));
    } else {
      assert.equal(entry.sequence, expected);
      same(entry.entry, given.get(entry.sequence));
    }
    expected += 1;
  }
  return { first: numbers[0]!, last: numbers.at(-1)!, missed };
}

function same(read: TimelineEntry, given: TimelineEntry | undefined): void {
  if (read.kind === "frame" && given?.kind === "frame") {
    const { data, ...rest } = read.frame;
    const { data: wanted, ...fields } = given.frame;
    assert.ok(Buffer.compare(data, wanted) === 0, "the payload is the one that was published");
    return assert.deepEqual(rest, fields);
  }
  assert.deepEqual(structuredClone(read), structuredClone(given));
}
