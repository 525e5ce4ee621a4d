/** Which program of a transport stream is read: the first that has video or audio we carry. */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { Section } from "./section.ts";
import { readSection } from "./section.ts";
import { formOf, streamTypeName } from "./stream-type.ts";
import type { PatEntry, Pmt } from "./tables.ts";
import { TableId, readPat, readPmt } from "./tables.ts";

/** Programs that are looked at; a multiplex of digital television has some ten. */
const MAX_PROGRAMS = 64;

/** What a program was last said to have. */
interface Known {
  readonly pmt: Pmt;
  /** The checksum of the section: another one is another table, whatever its version says. */
  readonly checksum: string;
}

/**
 * Follows PAT and PMTs. A program is chosen once all before it in the PAT are known to have nothing for us, or when its table comes for the second
 * time: by then theirs have had their turn. It is kept for as long as the PAT has it.
 */
export class Programs {
  readonly #chosen: (pmt: Pmt) => void;
  #entries: readonly PatEntry[] = [];
  /** Sections of a PAT that is not complete. */
  #parts = new Map<number, readonly PatEntry[]>();
  #partsVersion = -1;
  #pids: ReadonlySet<number> = new Set();
  readonly #known = new Map<number, Known>();
  #program: number | undefined;

  /** @param chosen is told the streams of the program that is read, at first and when they change */
  constructor(chosen: (pmt: Pmt) => void) {
    this.#chosen = chosen;
  }

  /** PIDs that carry the PMTs of the programs there are. */
  get pids(): ReadonlySet<number> {
    return this.#pids;
  }

  /** A program has been chosen. */
  get isSettled(): boolean {
    return this.#program !== undefined;
  }

  /** What the programs have that is not carried, in words; "" where no PMT has come. */
  get unknown(): string {
    const types = [...this.#known.values()].flatMap(({ pmt }) => pmt.streams.filter((stream) => formOf(stream) === undefined));
    return [...new Set(types.map(({ type }) => streamTypeName(type)))].join(", ");
  }

  /** Takes a section of any table. @throws ProtocolError where it is damaged */
  section(bytes: Uint8Array, isPat: boolean): void {
    const section = readSection(bytes);
    if (!section.isCurrent) return;
    if (isPat && section.tableId === TableId.pat) this.#pat(section);
    if (!isPat && section.tableId === TableId.pmt) this.#pmt(section, checksumOf(bytes));
  }

  #pat({ version, number, last, body }: Section): void {
    if (version !== this.#partsVersion) this.#parts = new Map();
    this.#partsVersion = version;
    if (number > last) throw new ProtocolError("malformed", "PAT section behind the last");
    this.#parts.set(number, readPat(body));
    const parts = Array.from({ length: last + 1 }, (_, i) => this.#parts.get(i));
    if (parts.includes(undefined)) return;
    this.#entries = parts.flatMap((part) => part ?? []).slice(0, MAX_PROGRAMS);
    this.#pids = new Set(this.#entries.map(({ pid }) => pid));
    const programs = new Set(this.#entries.map(({ program }) => program));
    for (const program of this.#known.keys()) if (!programs.has(program)) this.#known.delete(program);
    if (this.#program !== undefined && !programs.has(this.#program)) this.#program = undefined;
    this.#choose();
  }

  #pmt({ id: program, body }: Section, checksum: string): void {
    if (!this.#entries.some((entry) => entry.program === program)) return;
    const isRepeat = this.#known.get(program)?.checksum === checksum;
    if (!isRepeat) this.#known.set(program, { pmt: readPmt(body), checksum });
    if (this.#program === undefined) this.#choose(isRepeat ? program : undefined);
    else if (this.#program === program && !isRepeat) this.#chosen(this.#known.get(program)!.pmt);
  }

  /** @param repeated its table came again */
  #choose(repeated?: number): void {
    if (this.#program !== undefined) return;
    for (const { program } of this.#entries) {
      const known = this.#known.get(program);
      if (known === undefined) {
        if (repeated === undefined) return;
        continue;
      }
      if (!known.pmt.streams.some((stream) => formOf(stream) !== undefined)) continue;
      this.#program = program;
      return this.#chosen(known.pmt);
    }
  }
}

function checksumOf(section: Uint8Array): string {
  return section.subarray(-4).join(" ");
}
