/** Converts integer ticks between timescales, rounding half up. Exact while the product stays under 2^53. */
export function rescale(ticks: number, from: number, to: number): number {
  if (from === to) return ticks;
  return Math.round((ticks * to) / from);
}

/** Ticks as microseconds, which only order and decide: no output is made from them. */
export function toMicros(ticks: number, timescale: number): number {
  return Math.round((ticks / timescale) * 1e6);
}
