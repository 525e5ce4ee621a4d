import { setFlagsFromString } from "node:v8";

/**
 * Has V8 count the memory of buffers in its heap's limits, for a process that is ours alone. Node 24 otherwise
 * collects the whole heap whenever 64 MB of buffers have come, which with 200 publishers is every second
 * (docs/decisions/0004-garbage-collector.md). Other versions of V8 do not know the flag or have it as their default.
 */
export function countBuffersInHeapLimits(): void {
  if (process.versions.v8.startsWith("13.")) setFlagsFromString("--external-memory-accounted-in-global-limit");
}
