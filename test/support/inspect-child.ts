/**
 * Imported into a server that runs with an IPC channel and `--expose-gc`: answers every message with what the process
 * holds. The server itself knows nothing of it.
 */
import { setTimeout as delay } from "node:timers/promises";
import { Socket } from "node:net";
import { queryObjects } from "node:v8";
import { ContainerOutput } from "../../src/hub/container-output.ts";
import { Output } from "../../src/hub/output.ts";
import { Playhead } from "../../src/hub/playhead.ts";
import { Publication } from "../../src/hub/publication.ts";
import { Stream } from "../../src/hub/stream.ts";
import { Timeline } from "../../src/hub/timeline.ts";
import { HttpViewer } from "../../src/protocols/http-stream/http-viewer.ts";
import { Playing } from "../../src/protocols/rtmp/playing.ts";
import { Publishing } from "../../src/protocols/rtmp/publishing.ts";
import { Session } from "../../src/protocols/rtmp/session.ts";
import { WsViewer } from "../../src/protocols/ws-stream/ws-viewer.ts";

/** What a process holds after a forced garbage collection. */
export interface Holdings {
  /** Bytes. */
  readonly rss: number;
  readonly heapUsed: number;
  readonly arrayBuffers: number;
  /** Live objects by class, reachable by whatever way, and open handles and timers by kind. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Milliseconds between two collections. */
const breath = 41;

const classes = [
  Session,
  Publishing,
  Playing,
  Publication,
  Stream,
  Timeline,
  ContainerOutput,
  Output,
  Playhead,
  HttpViewer,
  WsViewer,
  Socket,
];

process.on("message", () => void take().then((holdings) => process.send!(holdings)));
process.channel?.unref();

/**
 * Several looks, the least of each: what is there for a moment only, as a timer of the pump's, is nothing that is held.
 * The event loop gets its turns between the collections, which each of the looks forces.
 */
async function take(): Promise<Holdings> {
  const objects: Record<string, number> = {};
  for (const each of classes) {
    objects[each.name] = queryObjects(each, { format: "count" });
    await delay(breath);
  }
  const resources: Record<string, number>[] = [];
  const memory: NodeJS.MemoryUsage[] = [];
  for (let look = 0; look < 5; look++) {
    globalThis.gc!({ type: "major", execution: "sync", flavor: look === 0 ? "last-resort" : "regular" });
    memory.push(process.memoryUsage());
    resources.push(tally(process.getActiveResourcesInfo()));
    await delay(breath);
  }
  const least = (key: "rss" | "heapUsed" | "arrayBuffers") => Math.min(...memory.map((each) => each[key]));
  const kinds = new Set(resources.flatMap((each) => Object.keys(each)));
  const handles = Object.fromEntries([...kinds].map((kind) => [kind, Math.min(...resources.map((each) => each[kind] ?? 0))]));
  return { rss: least("rss"), heapUsed: least("heapUsed"), arrayBuffers: least("arrayBuffers"), counts: { ...objects, ...handles } };
}

function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
