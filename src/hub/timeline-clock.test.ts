import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { audioTrack, videoTrack } from "../../test/support/hub-fixtures.ts";
import { TimelineClock } from "./timeline-clock.ts";

test("stamps near 0 are taken over as they are, others begin near 0", () => {
  const near = new TimelineClock();
  assert.deepEqual(near.place(videoTrack, 40, 120, 0), { dts: 40, pts: 120, jump: false });
  const far = new TimelineClock();
  const first = far.place(videoTrack, 3_000_000, 3_000_080, 0);
  assert.deepEqual(first, { dts: 1000, pts: 1080, jump: false });
  assert.equal(far.place(audioTrack, 2_999_990, 2_999_990, 1).dts, 990, "both tracks move together, also what lies a little before");
});

test("repeated and slightly reordered stamps rise by a tick, what is shown stays true", () => {
  const clock = new TimelineClock();
  clock.place(videoTrack, 100, 100, 0);
  assert.deepEqual(clock.place(videoTrack, 100, 180, 1), { dts: 101, pts: 180, jump: false });
  assert.deepEqual(clock.place(videoTrack, 90, 140, 2), { dts: 102, pts: 140, jump: false });
  assert.equal(clock.place(videoTrack, 140, 140, 3).dts, 140);
});

test("a reconnect lands at the last end plus the real time away, all tracks with one offset", () => {
  const clock = new TimelineClock();
  for (let t = 0; t <= 1000; t += 40) clock.place(videoTrack, t, t, t);
  clock.place(audioTrack, 1010, 1010, 1010);
  clock.restart();
  const video = clock.place(videoTrack, 0, 80, 4010);
  assert.deepEqual(video, { dts: 4010, pts: 4090, jump: true });
  assert.deepEqual(clock.place(audioTrack, 10, 10, 4020), { dts: 4020, pts: 4020, jump: false });
});

test("a reconnect faster than the stamps never lands before the end of any track", () => {
  const clock = new TimelineClock();
  for (let t = 0; t <= 5000; t += 40) clock.place(videoTrack, t, t, 0); // a burst: 5 s at once
  clock.restart();
  assert.equal(clock.place(videoTrack, 0, 0, 10).dts, 5040);
});

test("jumps of more than 3 s forward and 1 s back are breaks, smaller steps and network stalls are not", () => {
  const at = (step: number, waited: number): boolean => {
    const clock = new TimelineClock();
    clock.place(videoTrack, 100_000, 100_000, 0);
    clock.place(videoTrack, 100_040, 100_040, 40);
    return clock.place(videoTrack, 100_040 + step, 100_040 + step, 40 + waited).jump;
  };
  assert.equal(at(3100, 40), true);
  assert.equal(at(2900, 40), false);
  assert.equal(at(3100, 3100), false, "a real pause");
  assert.equal(at(-1100, 40), true);
  assert.equal(at(-900, 40), false);
  assert.equal(at(40, 8000), false, "the network stalled and goes on");
});

test("a jump moves all tracks by one new offset", () => {
  const clock = new TimelineClock();
  clock.place(videoTrack, 0, 0, 0);
  clock.place(audioTrack, 5, 5, 5);
  const jumped = clock.place(videoTrack, 3_600_000, 3_600_000, 40);
  assert.equal(jumped.jump, true);
  assert.ok(jumped.dts >= 40 && jumped.dts <= 50, `${jumped.dts}`);
  const audio = clock.place(audioTrack, 3_600_010, 3_600_010, 50);
  assert.equal(audio.jump, false);
  assert.equal(audio.dts - jumped.dts, 10);
});

test("audio and video on clocks of their own go on together, without a break at every frame", () => {
  const clock = new TimelineClock();
  let breaks = 0;
  for (let t = 0; t < 10_000; t += 20) {
    const video = clock.place(videoTrack, t, t, t);
    const audio = clock.place(audioTrack, 900_000_000 + t, 900_000_000 + t, t + 1);
    breaks += Number(video.jump) + Number(audio.jump);
    assert.ok(Math.abs(video.dts - audio.dts) < 50);
  }
  assert.equal(breaks, 0);
});

test("property: dts strictly rises per track whatever the source stamps", () => {
  const event = fc.record({
    audio: fc.boolean(),
    stamp: fc.integer({ min: -(2 ** 32), max: 2 ** 33 }),
    wait: fc.integer({ min: 0, max: 20_000 }),
    restart: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const clock = new TimelineClock();
      const last = new Map<number, number>();
      let now = 0;
      for (const { audio, stamp, wait, restart } of events) {
        if (restart) clock.restart();
        now += wait;
        const track = audio ? audioTrack : videoTrack;
        const { dts } = clock.place(track, stamp, stamp, now);
        assert.ok(Number.isInteger(dts));
        assert.ok(dts > (last.get(track.id) ?? -Infinity));
        last.set(track.id, dts);
      }
    }),
  );
});
