/** Samples per second of the demo clip. */
export const SAMPLE_RATE = 48_000;

/** One note per second, hertz: a pentatonic line that ends where it begins. */
const melody = [293.66, 440, 392, 493.88, 440, 587.33, 493.88, 392] as const;

/**
 * The sound of the demo clip: a bell each second over a soft chord and running water. Interleaved stereo, 16 bit. What
 * rings past the end is heard at the beginning, so that the end runs into the beginning without a seam.
 *
 * @param seconds length of the loop, a whole number
 */
export function demoSound(seconds: number): Int16Array {
  const length = seconds * SAMPLE_RATE;
  const left = new Float64Array(length);
  const right = new Float64Array(length);
  for (const [beat, pitch] of melody.entries()) addBell(left, right, beat * SAMPLE_RATE, pitch, (beat % 4) / 6 + 0.25);
  addChord(left, right, seconds);
  addWater(left, 11);
  addWater(right, 47);
  const samples = new Int16Array(length * 2);
  for (let at = 0; at < length; at++) {
    samples[at * 2] = toSample(left[at] ?? 0);
    samples[at * 2 + 1] = toSample(right[at] ?? 0);
  }
  return samples;
}

function toSample(value: number): number {
  return Math.round(Math.tanh(value) * 32_000);
}

/** A struck bell of three partials that dies away in about two seconds, wrapped around the end. */
function addBell(left: Float64Array, right: Float64Array, start: number, pitch: number, pan: number): void {
  const partials = [
    { ratio: 1, level: 0.16, decay: 1.6 },
    { ratio: 2.01, level: 0.05, decay: 2.6 },
    { ratio: 3.93, level: 0.018, decay: 5 },
  ];
  for (let at = 0; at < SAMPLE_RATE * 4; at++) {
    const time = at / SAMPLE_RATE;
    const attack = Math.min(1, time / 0.004);
    const release = Math.min(1, (4 - time) / 0.5);
    let value = 0;
    for (const { ratio, level, decay } of partials) value += level * Math.exp(-decay * time) * Math.sin(2 * Math.PI * pitch * ratio * time);
    const place = (start + at) % left.length;
    left[place] = (left[place] ?? 0) + value * attack * release * (1 - pan * 0.6);
    right[place] = (right[place] ?? 0) + value * attack * release * (0.4 + pan * 0.6);
  }
}

/** A held chord; each pitch is moved to the nearest that fits a whole number of times into the loop. */
function addChord(left: Float64Array, right: Float64Array, seconds: number): void {
  for (const [index, pitch] of [73.42, 110, 146.83, 220].entries()) {
    const fitting = Math.round(pitch * seconds) / seconds;
    for (let at = 0; at < left.length; at++) {
      const time = at / SAMPLE_RATE;
      const swell = 0.7 + 0.3 * Math.sin(2 * Math.PI * (time / seconds) * (1 + (index % 2)) + index);
      const value = 0.022 * swell * Math.sin(2 * Math.PI * fitting * time);
      left[at] = (left[at] ?? 0) + value;
      right[at] = (right[at] ?? 0) + value;
    }
  }
}

/** Water: noise through two low-pass filters and one high-pass, run around the loop twice so that it has settled at the seam. */
function addWater(channel: Float64Array, seed: number): void {
  const noise = new Float64Array(channel.length);
  let state = seed;
  for (let at = 0; at < noise.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    noise[at] = state / 2 ** 31 - 1;
  }
  let low = 0;
  let lower = 0;
  let rumble = 0;
  for (let round = 0; round < 2; round++) {
    for (let at = 0; at < noise.length; at++) {
      low += 0.12 * ((noise[at] ?? 0) - low);
      lower += 0.12 * (low - lower);
      rumble += 0.01 * (lower - rumble);
      if (round === 1)
        channel[at] = (channel[at] ?? 0) + 0.09 * (lower - rumble) * (0.8 + 0.2 * Math.sin((2 * Math.PI * 3 * at) / noise.length));
    }
  }
}
