import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeScheduler } from "../../test/support/fake-scheduler.ts";
import { bareFraming } from "./framing.ts";
import { Output } from "./output.ts";
import type { PlayheadOwner } from "./playhead.ts";
import { Playhead } from "./playhead.ts";
import { Audience, AUDIO_PATIENCE, MIN_INTERVAL, Pump, SLICE } from "./pump.ts";

const owner: PlayheadOwner = { behind: () => undefined, skipped: () => undefined, ended: () => undefined };

function crowd(size: number, costOfWrite: (n: number) => void): { output: Output; audience: Audience; writes: number[] } {
  const output = new Output(bareFraming, (length) => new Uint8Array(length), { beforeNewestStart: 2000, maxBytes: 1 << 20 });
  output.addInit({ bytes: new Uint8Array(0) });
  const audience = new Audience();
  const writes: number[] = [];
  for (let i = 0; i < size; i++) {
    const write = (): boolean => {
      costOfWrite(i);
      writes.push(i);
      return true;
    };
    audience.add(new Playhead(output, { write, whenTaken: () => undefined, end: () => undefined }, owner));
  }
  return { output, audience, writes };
}

function grow(output: Output): void {
  output.addChunk({ parts: [new Uint8Array(10)], dts: output.end, randomAccess: true, urgent: true });
}

test("a walk yields after its slice and goes on in the next turn, in order", () => {
  const clock = new FakeScheduler();
  const pump = new Pump(clock);
  const { output, audience, writes } = crowd(3000, () => clock.spend(0.01));
  grow(output);
  pump.wake(audience, true);
  let longest = 0;
  for (let turn = 0; writes.length < 3000 && turn < 100; turn++) {
    const began = clock.now();
    clock.turn();
    longest = Math.max(longest, clock.now() - began);
  }
  assert.ok(longest < SLICE + 0.5, `${longest} ms in one turn`);
  assert.deepEqual(writes, [...Array(3000).keys()]);
});

test("two walks over one audience begin at least 8 ms apart; video during a walk makes one more", () => {
  const clock = new FakeScheduler();
  const pump = new Pump(clock);
  const { output, audience, writes } = crowd(4, () => undefined);
  grow(output);
  pump.wake(audience, true);
  clock.settle();
  assert.equal(writes.length, 4);
  grow(output);
  pump.wake(audience, true);
  grow(output);
  pump.wake(audience, true);
  clock.advance(MIN_INTERVAL - 1);
  assert.equal(writes.length, 4);
  clock.advance(1);
  assert.equal(writes.length, 8, "both frames in one write each");
});

test("audio alone waits for video to ride along with, but not longer than its patience", () => {
  const clock = new FakeScheduler();
  const pump = new Pump(clock);
  const { output, audience, writes } = crowd(1, () => undefined);
  grow(output);
  pump.wake(audience, false);
  clock.advance(AUDIO_PATIENCE - 1);
  assert.equal(writes.length, 0);
  clock.advance(1);
  assert.equal(writes.length, 1);
  grow(output);
  pump.wake(audience, false);
  clock.advance(10);
  pump.wake(audience, true);
  clock.settle();
  assert.equal(writes.length, 2, "video takes it along at once");
  clock.advance(100);
  assert.equal(writes.length, 2);
});

test("the operator's extra wait gathers frames", () => {
  const clock = new FakeScheduler();
  const pump = new Pump(clock, 350);
  const { output, audience, writes } = crowd(1, () => undefined);
  for (let i = 0; i < 8; i++) {
    grow(output);
    pump.wake(audience, true);
    clock.advance(40);
  }
  assert.equal(writes.length, 0);
  clock.advance(40);
  assert.equal(writes.length, 1);
});

test("a huge audience does not keep a small one waiting for its whole walk", () => {
  const clock = new FakeScheduler();
  const pump = new Pump(clock);
  const huge = crowd(5000, () => clock.spend(0.01));
  const small = crowd(10, () => clock.spend(0.01));
  grow(huge.output);
  grow(small.output);
  pump.wake(huge.audience, true);
  pump.wake(small.audience, true);
  clock.turn();
  clock.turn();
  assert.equal(small.writes.length, 10);
  assert.ok(huge.writes.length < 2000);
});

test("viewers may leave during a walk", () => {
  const clock = new FakeScheduler();
  const pump = new Pump(clock);
  const { output, audience, writes } = crowd(1000, (n) => {
    clock.spend(0.01);
    if (n % 3 === 0) audience.remove(audience.at(0)!);
  });
  grow(output);
  pump.wake(audience, true);
  clock.settle();
  assert.ok(writes.length >= 600);
  assert.equal(new Set(writes).size, writes.length);
});

test("nobody misses the end because others leave during the walk", () => {
  const clock = new FakeScheduler();
  const pump = new Pump(clock);
  const output = new Output(bareFraming, (length) => new Uint8Array(length), { beforeNewestStart: 2000, maxBytes: 1 << 20 });
  const audience = new Audience();
  const told = new Set<number>();
  const leaving: PlayheadOwner = { behind: () => undefined, skipped: () => undefined, ended: (playhead) => audience.remove(playhead) };
  const end = (i: number) => (): void => {
    clock.spend(0.01);
    told.add(i);
  };
  const playheads = Array.from(
    { length: 2000 },
    (_, i) => new Playhead(output, { write: () => true, whenTaken: () => undefined, end: end(i) }, leaving),
  );
  for (const playhead of playheads) audience.add(playhead);
  output.finish("ended");
  pump.wake(audience, true);
  clock.turn();
  assert.ok(audience.cursor >= 0, "the walk is under way");
  for (const i of [0, 1, 1500]) playheads[i]!.close("left");
  clock.settle();
  clock.advance(MIN_INTERVAL);
  assert.equal(told.size, 2000);
  assert.equal(audience.size, 0);
});
