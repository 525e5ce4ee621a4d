import { joined } from "../../../bytes/joined.ts";
import { ProtocolError } from "../../../bytes/protocol-error.ts";

/**
 * What a unit of a container is: part of the `header` that every viewer needs before anything else, a `start` that a viewer may begin with, or
 * `more` that follows from what came before.
 */
export type UnitRole = "header" | "start" | "more";

export interface Unit {
  /** Bytes, from 1. */
  readonly length: number;
  readonly role: UnitRole;
}

/** Knows where the units of one container end. Of one stream: it may remember what it saw. */
export interface UnitReader {
  /**
   * The unit that these bytes begin with; undefined where more of them has to come.
   *
   * @param bytes not to be written to, and not to be kept
   * @throws ProtocolError where they are not of that container
   */
  next(bytes: Uint8Array): Unit | undefined;
}

/** Where the pieces of a container go. They are views that nobody writes to again. */
export interface CutSink {
  /** Once, before the first chunk. */
  header(bytes: Uint8Array): void;
  chunk(bytes: Uint8Array, isStart: boolean): void;
}

/** Bytes of one unit, and of a header, at most. */
const MAX_UNIT = 16 * 1024 * 1024;

/** Cuts what a program writes at the places where viewers can join and leave, however its pipe cuts it. */
export class Cutter {
  readonly #reader: UnitReader;
  readonly #sink: CutSink;
  #pending: Uint8Array = new Uint8Array(0);
  /** Undefined once it has been told. */
  #header: Uint8Array[] | undefined = [];
  #headerBytes = 0;

  constructor(reader: UnitReader, sink: CutSink) {
    this.#reader = reader;
    this.#sink = sink;
  }

  /** @param piece given away. @throws ProtocolError where it is not of that container, or a unit of it has no end */
  push(piece: Uint8Array): void {
    const bytes = this.#pending.length === 0 ? piece : joined([this.#pending, piece]);
    let [from, at, isStart] = [0, 0, false];
    for (;;) {
      const unit = this.#next(bytes.subarray(at));
      if (unit === undefined) break;
      const { length, role } = unit;
      if (role === "header" && this.#header !== undefined) {
        this.#keep(this.#header, bytes.subarray(at, at + length));
        from = at + length;
      } else if (role === "start") {
        this.#tell();
        if (at > from) this.#sink.chunk(bytes.subarray(from, at), isStart);
        [from, isStart] = [at, true];
      } else this.#tell();
      at += length;
    }
    if (at > from) this.#sink.chunk(bytes.subarray(from, at), isStart);
    this.#pending = bytes.subarray(at);
  }

  /** A unit that has come whole. */
  #next(bytes: Uint8Array): Unit | undefined {
    if (bytes.length === 0) return undefined;
    const unit = this.#reader.next(bytes);
    if ((unit?.length ?? bytes.length) > MAX_UNIT) throw new ProtocolError("limit", `a unit of more than ${MAX_UNIT} bytes`);
    return unit === undefined || unit.length > bytes.length ? undefined : unit;
  }

  /** The program has ended as it should: what is left has no end of its own. */
  end(): void {
    if (this.#header === undefined && this.#pending.length > 0) this.#sink.chunk(this.#pending, false);
    this.#pending = new Uint8Array(0);
  }

  #keep(header: Uint8Array[], bytes: Uint8Array): void {
    this.#headerBytes += bytes.length;
    if (this.#headerBytes > MAX_UNIT) throw new ProtocolError("limit", `a header of more than ${MAX_UNIT} bytes`);
    header.push(bytes);
  }

  #tell(): void {
    if (this.#header === undefined) return;
    this.#sink.header(joined(this.#header));
    this.#header = undefined;
  }
}
