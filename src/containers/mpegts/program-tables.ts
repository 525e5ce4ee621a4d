/** PAT and PMT of the one program that we write. */
import type { PacketWriter } from "./packet-writer.ts";
import { sameBytes } from "../../bytes/same-bytes.ts";
import { sectionBytes } from "./section.ts";
import type { Pmt } from "./tables.ts";
import { PAT_PID, TableId, patBody, pmtBody } from "./tables.ts";

const TRANSPORT_STREAM = 1;
const PROGRAM = 1;

export class ProgramTables {
  readonly #pid: number;
  readonly #pat: Uint8Array;
  #body: Uint8Array = new Uint8Array(0);
  /** Of the PMT, modulo 32: it rises with every change. */
  #version = -1;
  #section: Uint8Array = new Uint8Array(0);

  /** @param pid of the PMT */
  constructor(pid: number) {
    this.#pid = pid;
    this.#pat = section(TableId.pat, TRANSPORT_STREAM, 0, patBody([{ program: PROGRAM, pid }]));
  }

  /** The body of the PMT. */
  get pmt(): Uint8Array {
    return this.#body;
  }

  /** Says what the program has from now on. False where that is what it had. @throws ProtocolError where a PMT has no room for it */
  change(pmt: Pmt): boolean {
    const body = pmtBody(pmt);
    if (sameBytes(body, this.#body)) return false;
    this.#body = body;
    this.#version = (this.#version + 1) & 31;
    this.#section = section(TableId.pmt, PROGRAM, this.#version, body);
    return true;
  }

  packets(writer: PacketWriter): Uint8Array[] {
    return [writer.section(PAT_PID, this.#pat), writer.section(this.#pid, this.#section)];
  }
}

function section(tableId: number, id: number, version: number, body: Uint8Array): Uint8Array {
  return sectionBytes({ tableId, id, version, isCurrent: true, number: 0, last: 0, body });
}
