/** The two tables that say what a transport stream carries: PAT and PMT, ISO/IEC 13818-1 2.4.4.3 and 2.4.4.8. */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";
import type { Descriptor } from "./descriptors.ts";
import { descriptorBytes, readDescriptors } from "./descriptors.ts";

export const TableId = { pat: 0, pmt: 2 } as const;
export const PAT_PID = 0;
/** PIDs below belong to tables of their own, PIDs above to nobody. */
const FIRST_PID = 0x10;
export const LAST_PID = 0x1ffe;

/** Where a program's PMT is. */
export interface PatEntry {
  readonly program: number;
  readonly pid: number;
}

/** The programs of one PAT section; the network's own PID, and PIDs that cannot be, are left out. @throws ProtocolError */
export function readPat(body: Uint8Array): PatEntry[] {
  const reader = new Reader(body);
  const entries: PatEntry[] = [];
  while (reader.left > 0) {
    const program = reader.u16();
    const pid = reader.u16() & 0x1fff;
    if (program !== 0 && isPid(pid)) entries.push({ program, pid });
  }
  return entries;
}

export function patBody(entries: readonly PatEntry[]): Uint8Array {
  const writer = new Writer(4 * entries.length);
  for (const { program, pid } of entries) writer.u16(program).u16(0xe000 | pid);
  return writer.done();
}

/** One elementary stream of a program. */
export interface PmtStream {
  readonly type: number;
  readonly pid: number;
  readonly descriptors: readonly Descriptor[];
}

export interface Pmt {
  readonly pcrPid: number;
  readonly descriptors: readonly Descriptor[];
  readonly streams: readonly PmtStream[];
}

/** Streams with PIDs that cannot be are left out. @throws ProtocolError */
export function readPmt(body: Uint8Array): Pmt {
  const reader = new Reader(body);
  const pcrPid = reader.u16() & 0x1fff;
  const descriptors = readDescriptors(reader.bytes(reader.u16() & 0x0fff));
  const streams: PmtStream[] = [];
  while (reader.left > 0) {
    const type = reader.u8();
    const pid = reader.u16() & 0x1fff;
    const loop = reader.bytes(reader.u16() & 0x0fff);
    if (isPid(pid)) streams.push({ type, pid, descriptors: readDescriptors(loop) });
  }
  return { pcrPid, descriptors, streams };
}

/** Bytes of a PMT's body that one section has room for: its length is at most 1021 (2.4.4.9). */
const MAX_PMT_BODY = 1021 - 9;

/** @throws ProtocolError where it does not fit into one section, which is all a PMT may have */
export function pmtBody({ pcrPid, descriptors, streams }: Pmt): Uint8Array {
  const own = descriptorBytes(descriptors);
  const writer = new Writer().u16(0xe000 | pcrPid).u16(0xf000 | own.length);
  writer.bytes(own);
  for (const { type, pid, descriptors: of } of streams) {
    const loop = descriptorBytes(of);
    writer.u8(type).u16(0xe000 | pid);
    writer.u16(0xf000 | loop.length).bytes(loop);
  }
  const body = writer.done();
  if (body.length > MAX_PMT_BODY) throw new ProtocolError("limit", `PMT of ${body.length} bytes`);
  return body;
}

function isPid(pid: number): boolean {
  return pid >= FIRST_PID && pid <= LAST_PID;
}
