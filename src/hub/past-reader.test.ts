import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { audioTrack, videoTrack } from "../../test/support/hub-fixtures.ts";
import { MemoryKeeper } from "../../test/support/memory-keeper.ts";
import type { Generation } from "../media/track.ts";
import type { PastReader } from "./past-reader.ts";
import { findPlace, type PastTime } from "./replay-place.ts";
import type { ReadEntry } from "./timeline-reader.ts";
import { Timeline } from "./timeline.ts";

/** A name with a keeper, and publishers one after the other: pictures every 40 ms, a key frame every ten. */
class Name {
  readonly keeper = new MemoryKeeper();
  readonly retention: { beforeNewestStart: number; maxBytes: number };
  timeline: Timeline;
  #at = 0;
  #generation: Generation = { id: 0, tracks: [videoTrack, audioTrack], metadata: {} };

  constructor(ring: number) {
    this.retention = { beforeNewestStart: ring, maxBytes: 1e9 };
    this.timeline = this.begin();
  }

  begin(): Timeline {
    this.#complete();
    this.timeline?.end();
    this.timeline = new Timeline(this.retention, this.keeper.origin);
    this.keeper.follow(this.timeline);
    this.timeline.discontinuity({ reason: this.#at === 0 ? "start" : "reconnect", utcOffset: 1e12 });
    this.change();
    return this.timeline;
  }

  /** Other tracks, with the next key frame. */
  change(): void {
    this.#complete();
    this.#generation = { ...this.#generation, id: this.timeline.nextGeneration };
    this.timeline.generation(this.#generation);
  }

  #complete(): void {
    while (this.#at % 10 !== 0) this.add(1);
  }

  add(count: number): void {
    for (let i = 0; i < count; i++) {
      const dts = this.#at * 40;
      const sap = this.#at++ % 10 === 0 ? 1 : 0;
      this.timeline.frame({ track: 1, dts, pts: dts, sap, discardable: false, arrived: 0, data: new Uint8Array(100) });
    }
  }

  async open(from: PastTime): Promise<PastReader> {
    const place = await findPlace({ archive: this.keeper.archive, timeline: () => this.timeline }, { from }, this.retention);
    return place!.open(() => undefined);
  }
}

const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** All that is there. */
async function readAll(reader: PastReader): Promise<ReadEntry[]> {
  const entries: ReadEntry[] = [];
  for (let idle = 0; idle < 50;) {
    const entry = reader.read();
    if (entry !== undefined) {
      entries.push(entry);
      idle = 0;
    } else {
      await settled();
      idle += 1;
    }
  }
  return entries;
}

/** Numbers of pictures, and `skip`, `D` and `G3` for what is no frame. */
function words(entries: readonly ReadEntry[]): (number | string)[] {
  return entries.map((entry) => {
    if (entry.kind === "frame") return entry.frame.dts / 40;
    return entry.kind === "generation" ? `G${entry.generation.id}` : entry.kind === "skip" ? "skip" : "D";
  });
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

test("from what is kept into the ring: every frame once, what is in force told once", async () => {
  const name = new Name(0);
  name.add(100);
  const reader = await name.open({ behind: 90 * 40 });
  assert.deepEqual(words(await readAll(reader)), ["D", "G1", ...range(0, 100)]);
  name.add(15);
  assert.deepEqual(words(await readAll(reader)), range(100, 115));
  assert.equal(name.keeper.readers, 0, "the file is let go where the ring has the rest");
  name.timeline.end();
  assert.deepEqual(await readAll(reader), []);
  assert.equal(reader.over, true);
  reader.close();
});

test("a list of points that was thinned out still begins at the key frame before", async () => {
  const name = new Name(0);
  name.keeper.thinning = 4;
  name.keeper.batch = 3;
  name.add(100);
  for (const [utc, first] of [
    [1e12 + 35 * 40, 30],
    [1e12 + 40 * 40, 40],
    [1e12 - 5000, 0],
    [1e12 + 99 * 40, 90],
  ] as const) {
    const reader = await name.open({ utc });
    assert.deepEqual(words(await readAll(reader)), ["D", "G1", ...range(first, 100)]);
    reader.close();
  }
  assert.equal(name.keeper.readers, 0);
});

test("who is left behind by the ring goes on from what is kept, without a loss", async () => {
  const name = new Name(0);
  name.add(25);
  const reader = await name.open({ behind: 0 });
  const first = await readAll(reader);
  name.add(100);
  const more = await readAll(reader);
  assert.deepEqual(words([...first, ...more]), ["D", "G1", ...range(20, 125)]);
  assert.equal(reader.skips, 0);
  reader.close();
});

test("over the end of a publisher into the next one's timeline; over only where there is none", async () => {
  const name = new Name(0);
  name.add(30);
  const reader = await name.open({ utc: 1e12 });
  const entries = [reader.read()!];
  name.begin();
  name.add(20);
  name.begin();
  name.add(20);
  entries.push(...(await readAll(reader)));
  assert.deepEqual(words(entries), ["D", "G1", ...range(0, 30), "D", "G2", ...range(30, 50), "D", "G3", ...range(50, 70)]);
  assert.equal(reader.over, false);
  // The ring is read now, and the next timeline follows it.
  name.begin();
  name.add(5);
  assert.deepEqual(words(await readAll(reader)), ["D", "G4", ...range(70, 75)]);
  name.timeline.end();
  await readAll(reader);
  assert.equal(reader.over, true);
  reader.close();
});

test("what is kept of a stream that is over is read without one", async () => {
  const name = new Name(0);
  name.add(30);
  name.timeline.end();
  const source = { archive: name.keeper.archive, timeline: () => undefined };
  const place = await findPlace(source, { from: { utc: 1e12 + 500 } }, name.retention);
  const reader = place!.open(() => undefined);
  assert.deepEqual(words(await readAll(reader)), ["D", "G1", ...range(10, 30)]);
  assert.equal(reader.over, true);
});

test("overtaken by the file: moved on to its oldest key frame, counted", async () => {
  const name = new Name(0);
  name.keeper.room = 60;
  name.add(60);
  const reader = await name.open({ utc: 1e12 });
  const first = [reader.read()!, reader.read()!];
  assert.equal(reader.read(), undefined);
  await settled();
  const got = [...first, ...Array.from({ length: 5 }, () => reader.read()!)];
  name.add(200);
  got.push(...(await readAll(reader)));
  const all = words(got);
  const at = all.indexOf("skip");
  assert.ok(at > 0 && reader.skips === 1, all.join(" "));
  const numbers = all.filter((word) => typeof word === "number");
  assert.equal((all[at + 1] as number) % 10, 0);
  assert.deepEqual(numbers.slice(numbers.indexOf(all[at + 1] as number)), range(all[at + 1] as number, 260));
});

test("a disk that fails: what the ring has is still shown, the rest is a skip", async () => {
  const name = new Name(0);
  name.add(100);
  const reader = await name.open({ utc: 1e12 });
  name.keeper.fault = new Error("EIO");
  assert.deepEqual(words(await readAll(reader)), ["D", "G1", "skip", "D", ...range(90, 100)]);
  assert.equal(name.keeper.readers, 0);
  name.add(5);
  assert.deepEqual(words(await readAll(reader)), range(100, 105));
  const late = await name.open({ utc: 1e12 });
  assert.deepEqual(words(await readAll(late)), ["D", "G1", ...range(100, 105)]);
});

test("property: wherever file and ring meet, however they are read, each frame comes once and in order", async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("add" as const), count: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ do: fc.constant("read" as const), count: fc.integer({ min: 1, max: 60 }) }),
    fc.record({ do: fc.constantFrom("settle" as const, "begin" as const, "change" as const), count: fc.constant(0) }),
  );
  const options = fc.record({
    ring: fc.constantFrom(0, 400, 2000),
    batch: fc.integer({ min: 1, max: 30 }),
    lag: fc.integer({ min: 0, max: 9 }),
    thinning: fc.integer({ min: 1, max: 4 }),
    room: fc.constantFrom(Infinity, 60),
    from: fc.integer({ min: 0, max: 59 }),
  });
  await fc.assert(
    fc.asyncProperty(options, fc.array(step, { maxLength: 30 }), async ({ ring, batch, lag, thinning, room, from }, steps) => {
      const name = new Name(ring);
      Object.assign(name.keeper, { batch, lag, thinning, room });
      name.add(60);
      const reader = await name.open({ utc: 1e12 + from * 40 });
      const got: ReadEntry[] = [];
      for (const each of steps) {
        if (each.do === "add") name.add(each.count);
        else if (each.do === "settle") await settled();
        else if (each.do !== "read") name[each.do]();
        else for (let i = 0; i < each.count; i++) got.push(...[reader.read()].filter((entry) => entry !== undefined));
      }
      name.keeper.lag = 0;
      got.push(...(await readAll(reader)));
      name.timeline.end();
      got.push(...(await readAll(reader)));
      assert.equal(reader.over, true);
      checkOrder(words(got), room === Infinity, from);
      assert.equal(got.filter(({ kind }) => kind === "skip").length, reader.skips);
      reader.close();
      assert.equal(name.keeper.readers, 0);
    }),
    { numRuns: 300 },
  );
});

function checkOrder(all: readonly (number | string)[], isWhole: boolean, from: number): void {
  assert.deepEqual(all.slice(0, 2).map(String).join("").replace(/\d+/, ""), "DG");
  if (isWhole) assert.equal(all[2], Math.floor(from / 10) * 10);
  let expected: number | undefined;
  let generation = 0;
  for (const [i, word] of all.entries()) {
    if (word === "skip") {
      assert.equal(isWhole, false, "nothing is missing where all is kept");
      expected = undefined;
    } else if (typeof word === "number") {
      if (expected === undefined) assert.equal(word % 10, 0, `${word} at ${i} is no place to begin`);
      else assert.equal(word, expected);
      expected = word + 1;
    } else if (word.startsWith("G")) {
      assert.ok(Number(word.slice(1)) > generation);
      generation = Number(word.slice(1));
    }
  }
}
