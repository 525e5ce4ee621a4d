/** Clusters (RFC 9559 5.1.3) as a live stream has them. */
import { Writer } from "../../bytes/writer.ts";
import { unsignedElement, writeHead, writeOpenHead } from "./ebml.ts";
import { ElementId } from "./ids.ts";

/** What the time of a block, 16 signed bits of ticks after its cluster's, can be. */
const RELATIVE = { least: -0x8000, most: 0x7fff } as const;

/** Whether a cluster can have a block so many ticks after its own time. */
export function reaches(relative: number): boolean {
  return relative >= RELATIVE.least && relative <= RELATIVE.most;
}

/** The head of a cluster that goes on until the next one begins. @param time ticks, not below 0 */
export function openClusterHead(time: number): Uint8Array {
  const out = new Writer(24);
  writeOpenHead(out, ElementId.cluster);
  return out.bytes(unsignedElement(ElementId.timestamp, time)).done();
}

/** The head of a cluster that ends after `length` bytes of blocks. @param time ticks, not below 0 */
export function closedClusterHead(time: number, length: number): Uint8Array {
  const timestamp = unsignedElement(ElementId.timestamp, time);
  const out = new Writer(24);
  writeHead(out, ElementId.cluster, timestamp.length + length);
  return out.bytes(timestamp).done();
}
