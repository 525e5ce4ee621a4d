import { ProtocolError } from "../bytes/protocol-error.ts";
import type { Demuxer, FrameSink } from "../media/demuxer.ts";
import { PacedSink } from "./paced-sink.ts";
import type { Pace } from "./pacer.ts";
import type { Publication } from "./publication.ts";
import type { Scheduler } from "./scheduler.ts";

/** What bytes come out of, a connection for example. */
export interface IntakeSource {
  /** No more for now; what is on its way already may still come. */
  pause(): void;
  resume(): void;
}

export interface IntakeOptions {
  readonly publication: Publication;
  /** Makes what takes the bytes apart. */
  readonly demuxer: (sink: FrameSink) => Demuxer;
  readonly scheduler: Scheduler;
  /** Media that come ahead of this are held, and the source is paused. Not given: they are taken as they come. */
  readonly pace?: Pace | undefined;
  readonly source: IntakeSource;
  /**
   * Told once that nothing more is taken: the input has ended and was taken whole, or could not be read. Then with a `ProtocolError`
   * that says where, or with a fault of ours.
   */
  readonly over: (error: unknown) => void;
}

/**
 * Takes a publisher's bytes as they come, has them taken apart and paced, and holds its source back where they come too fast. What is
 * kept meanwhile is what was read last and what its demuxer keeps of one unit.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #demuxer: Demuxer;
  readonly #paced: PacedSink | undefined;
  /** What came while media were held. */
  #late: Uint8Array[] = [];
  #taken = 0;
  #state: "open" | "holding" | "over" = "open";
  #hasEnded = false;
  readonly #waiting: (() => void)[] = [];

  constructor(options: IntakeOptions) {
    const { publication, scheduler, pace, demuxer } = options;
    this.#options = options;
    this.#paced = pace === undefined ? undefined : new PacedSink(publication, scheduler, pace);
    this.#demuxer = demuxer(this.#paced ?? publication);
  }

  /** Bytes that were taken apart. */
  get bytes(): number {
    return this.#taken;
  }

  /** The source is held back. */
  get isHolding(): boolean {
    return this.#state === "holding";
  }

  /** @param piece given away */
  push(piece: Uint8Array): void {
    if (this.#state === "holding") this.#late.push(piece);
    else if (this.#state === "open") this.#take(piece);
  }

  /** Calls back when nothing is held, unless it is over before. */
  whenTaken(taken: () => void): void {
    if (this.#state === "open") taken();
    else if (this.#state === "holding") this.#waiting.push(taken);
  }

  /** The input is complete. */
  end(): void {
    this.#hasEnded = true;
    if (this.#state === "open") this.#finish();
  }

  /** Nothing more is taken, and nobody is told. */
  stop(): void {
    this.#state = "over";
    this.#late = [];
  }

  #take(piece: Uint8Array): void {
    try {
      this.#demuxer.push(piece);
    } catch (error) {
      return this.#over(this.#placed(error));
    }
    this.#taken += piece.length;
    if (this.#paced?.holds === true) void this.#hold(this.#paced);
  }

  async #hold(paced: PacedSink): Promise<void> {
    const { source, publication } = this.#options;
    this.#state = "holding";
    source.pause();
    try {
      await paced.drain(publication.signal);
    } catch (error) {
      if (!publication.signal.aborted) this.#over(error);
      return;
    }
    this.#goOn();
  }

  #goOn(): void {
    if (this.#state === "over") return;
    this.#state = "open";
    const late = this.#late;
    this.#late = [];
    for (const piece of late) this.push(piece);
    if (!this.#isOpen) return;
    this.#options.source.resume();
    for (const taken of this.#waiting.splice(0)) taken();
    if (this.#isOpen && this.#hasEnded) this.#finish();
  }

  get #isOpen(): boolean {
    return this.#state === "open";
  }

  #finish(): void {
    try {
      this.#demuxer.end();
    } catch (error) {
      return this.#over(this.#placed(error));
    }
    // Some demuxers give at the end what waited for more.
    if (this.#paced?.holds === true) void this.#holdLast(this.#paced);
    else this.#complete();
  }

  async #holdLast(paced: PacedSink): Promise<void> {
    const { publication } = this.#options;
    this.#state = "holding";
    try {
      await paced.drain(publication.signal);
    } catch (error) {
      if (!publication.signal.aborted) this.#over(error);
      return;
    }
    this.#complete();
  }

  #complete(): void {
    const nothing = new ProtocolError("malformed", "the input has no frame of video or audio that can be carried");
    this.#over(this.#options.publication.isEmpty ? nothing : undefined);
  }

  #over(error: unknown): void {
    if (this.#state === "over") return;
    this.stop();
    this.#options.over(error);
  }

  /** Says where in the input it was. */
  #placed(error: unknown): unknown {
    if (!(error instanceof ProtocolError)) return error;
    return new ProtocolError(error.code, `byte ${this.#demuxer.position ?? this.#taken}: ${error.message}`);
  }
}
