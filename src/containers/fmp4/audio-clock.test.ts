import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AudioClock } from "./audio-clock.ts";

interface Run {
  /** Largest distance between a written time and the true one, in seconds, after the first 10 s. */
  readonly worst: number;
  /** Steps forward. */
  readonly holes: number;
  /** Durations that differ from what was coded. */
  readonly changed: number;
}

interface Source {
  readonly rate: number;
  readonly samples: number;
  readonly seconds: number;
  /** The publisher's clock against its sound: 1.005 stamps half a per cent too fast. */
  readonly clock?: number;
  /** Milliseconds added to a stamp. */
  readonly jitter?: (frame: number) => number;
  readonly isLost?: (frame: number) => boolean;
}

/** Runs a source with stamps in milliseconds through a clock and checks what must always hold. */
function run(source: Source): Run {
  const { rate, samples, clock = 1 } = source;
  const audio = new AudioClock(rate);
  const frames = Math.floor((source.seconds * rate) / samples);
  const settled = (10 * rate) / samples;
  let [end, worst, holes, changed] = [-1, 0, 0, 0];
  for (let i = 0; i < frames; i++) {
    if (source.isLost?.(i) === true) continue;
    const truth = (i * samples * clock * 1000) / rate;
    const stamp = Math.max(0, Math.round(truth + (source.jitter?.(i) ?? 0)));
    const place = audio.place(Math.round((stamp * rate) / 1000), samples);
    if (place.start < end) assert.fail(`frame ${i} begins ${end - place.start} samples before the one before it ends`);
    if (end >= 0 && place.start > end) holes++;
    if (place.duration !== samples) changed++;
    if (Math.abs(place.duration - samples) > samples / 100) assert.fail(`frame ${i} lasts ${place.duration} samples`);
    if (i > settled) worst = Math.max(worst, Math.abs(place.start / rate - truth / 1000));
    end = place.start + place.duration;
  }
  return { worst, holes, changed };
}

const day = 86_400;
/** The same numbers in every run, evenly spread over ±20. */
function jitter20(frame: number): number {
  return ((Math.imul(frame, 2_654_435_761) >>> 16) % 41) - 20;
}

for (const rate of [44_100, 48_000]) {
  test(`a day of stamps in milliseconds at ${rate} Hz changes no duration`, () => {
    const { worst, holes, changed } = run({ rate, samples: 1024, seconds: day });
    assert.deepEqual([holes, changed], [0, 0]);
    assert.ok(worst <= 0.0011, `${worst}`);
  });

  test(`a clock half a per cent off is followed at ${rate} Hz`, () => {
    for (const clock of [1.005, 0.995]) {
      const { worst, holes } = run({ rate, samples: 1024, seconds: day / 4, clock });
      assert.equal(holes, 0);
      assert.ok(worst < 0.01, `${worst}`);
    }
  });

  test(`jitter of 20 ms is not heard at ${rate} Hz`, () => {
    const { worst, holes } = run({ rate, samples: 1024, seconds: day, jitter: jitter20 });
    assert.equal(holes, 0);
    assert.ok(worst < 0.015, `${worst}`);
  });
}

test("jitter and a wrong clock together, in small frames", () => {
  const { worst, holes } = run({ rate: 48_000, samples: 120, seconds: 3600, jitter: jitter20, clock: 1.004 });
  assert.equal(holes, 0);
  assert.ok(worst < 0.03, `${worst}`);
});

test("a hole stays a hole; a frame or two that are missing are stretched over", () => {
  const second = 48_000 / 1024;
  const { worst, holes } = run({ rate: 48_000, samples: 1024, seconds: 60, isLost: (i) => i > 20 * second && i < 21 * second });
  assert.equal(holes, 1);
  assert.ok(worst < 0.002, `${worst}`);
  const short = run({ rate: 48_000, samples: 1024, seconds: 60, isLost: (i) => i === 1000 || i === 1001 });
  assert.equal(short.holes, 0);
  assert.ok(short.worst < 0.045 && short.changed < 400, `${short.worst} ${short.changed}`);
});

test("the error after a step of the publisher's clock falls under 5 ms by at most 1 % a frame", () => {
  for (const step of [30, -30, 90, -90]) {
    const { holes, changed } = run({ rate: 44_100, samples: 1024, seconds: 60, jitter: (i) => (i < 1000 ? 0 : step) });
    assert.equal(holes, 0);
    const needed = ((Math.abs(step) - 5) * 44.1) / 10;
    assert.ok(changed >= needed - 5 && changed <= needed + 60, `${step}: ${changed}, ${needed}`);
  }
});

test("any stamps: never a step back, never an empty frame, never far ahead of them", () => {
  const frames = fc.array(fc.record({ step: fc.integer({ min: 1, max: 300 }), samples: fc.constantFrom(120, 960, 1024, 4096) }), {
    maxLength: 400,
  });
  fc.assert(
    fc.property(frames, (steps) => {
      const clock = new AudioClock(48_000);
      let [stamp, end] = [0, 0];
      for (const { step, samples } of steps) {
        stamp += step;
        const place = clock.place(stamp * 48, samples);
        assert.ok(place.start >= end && place.duration >= 1);
        assert.ok(place.start - stamp * 48 <= 0.1 * 48_000 + 4096);
        assert.ok(stamp * 48 - place.start <= 0.1 * 48_000);
        end = place.start + place.duration;
      }
      assert.equal(clock.end, end);
    }),
  );
});

test("a clock that goes on for another never begins before what was written", () => {
  assert.equal(new AudioClock(48_000, 5000).place(4000, 1024).start, 5000);
  assert.equal(new AudioClock(48_000, 5000).place(6000, 1024).start, 6000);
});
