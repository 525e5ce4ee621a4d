/**
 * Loaded into the measured process with `--import`: notes how long the event loop was blocked and how long garbage
 * collections took, and writes both when the process ends. Used in runs of its own, since watching costs CPU.
 */
import { writeFileSync } from "node:fs";
import { monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";

const file = process.env["BENCH_OBSERVE"];
if (file !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  let longestGc = 0;
  let collections = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      collections += 1;
      longestGc = Math.max(longestGc, entry.duration);
    }
  });
  const ms = (nanoseconds: number): number => Math.round(nanoseconds / 1e4) / 100;
  // The first seconds belong to the start and to viewers who join; what comes after, to viewers who leave all at once.
  setTimeout(() => {
    delay.enable();
    observer.observe({ entryTypes: ["gc"] });
  }, 12_000).unref();
  setTimeout(() => {
    const notes = { blockP99: ms(delay.percentile(99)), blockMax: ms(delay.max), gcMax: Math.round(longestGc * 100) / 100, collections };
    writeFileSync(file, JSON.stringify(notes));
  }, 20_000).unref();
}
