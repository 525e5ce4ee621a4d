import type { BlockHeader } from "../../containers/ring/block.ts";
import { BlockWalker } from "./block-walker.ts";
import type { RingFile } from "./ring-file.ts";
import { StateInForce } from "./state-in-force.ts";
import { TimelineEnd } from "./timeline-end.ts";

/**
 * Finds what an earlier run left in a ring file: its index, from the headers of the blocks alone, and its end, from the last blocks.
 *
 * @returns where the timeline ended
 */
export async function recover(ring: RingFile): Promise<TimelineEnd> {
  const headers = await ring.scan();
  const end = new TimelineEnd();
  if (headers.length === 0) return end;
  await findOldest(ring, headers[0]!);
  for (const { start } of headers) {
    if (start === undefined || start.sequence <= (ring.index.newest?.sequence ?? -1)) continue;
    const block = ring.index.blockOf(start.sequence);
    if (block !== undefined) ring.index.addPoint({ ...start, block });
  }
  // Two blocks tell where it ends, more where one entry fills them.
  for (let count = 2; ; count *= 2) {
    const from = headers.at(-count) ?? headers[0]!;
    const found = await walkTo(ring, from, end);
    if (found || from === headers[0]) return end;
  }
}

/** A header tells of the last random-access point before its block: the first one of the oldest block stands in none. */
async function findOldest(ring: RingFile, { block }: BlockHeader): Promise<void> {
  const walker = new BlockWalker(ring, block);
  const state = new StateInForce();
  for (let step = await walker.next(); step !== undefined; step = await walker.next()) {
    if (step.begun !== undefined && step.begun.header.block !== block) return;
    if (step.begun?.goesOn === false) state.begin(step.begun.header.inForce);
    for (const { sequence, entry } of step.entries) {
      state.take(entry);
      if (entry.kind !== "frame" || !state.isStart(entry)) continue;
      return ring.index.addPoint({ sequence, micros: entry.micros, utc: state.utc(entry.micros), block });
    }
  }
}

/** @returns whether a whole entry was found */
async function walkTo(ring: RingFile, from: BlockHeader, end: TimelineEnd): Promise<boolean> {
  const walker = new BlockWalker(ring, from.block);
  const state = new StateInForce();
  let found = false;
  for (let step = await walker.next(); step !== undefined; step = await walker.next()) {
    if (step.begun !== undefined) {
      const { header, goesOn } = step.begun;
      end.reach(header.sequence, header.micros);
      if (header.inForce !== undefined) end.begin(header.inForce.generation.id, header.inForce.discontinuity.utcOffset);
      if (!goesOn) state.begin(header.inForce);
    }
    for (const { sequence, entry } of step.entries) {
      found = true;
      end.add(sequence, entry);
      state.take(entry);
      const block = ring.index.blockOf(sequence);
      if (entry.kind !== "frame" || block === undefined || !state.isStart(entry)) continue;
      if (sequence <= (ring.index.newest?.sequence ?? -1)) continue;
      ring.index.addPoint({ sequence, micros: entry.micros, utc: state.utc(entry.micros), block });
    }
  }
  return found;
}
