import { bareFraming } from "../../hub/framing.ts";
import type { Playhead, PlayheadEnd, PlayheadSink } from "../../hub/playhead.ts";
import type { Scheduler } from "../../hub/scheduler.ts";
import type { Stream } from "../../hub/stream.ts";
import type { Viewing } from "../../hub/viewing.ts";
import { FfmpegProgram } from "./ffmpeg-program.ts";
import { type Receiver, receiver } from "./receiver.ts";
import { childArguments, childInput, type Wanted } from "./recipe.ts";

export interface ChildOptions {
  readonly source: Viewing;
  /** Where what it makes goes. */
  readonly made: Stream;
  readonly wanted: Wanted;
  readonly scheduler: Scheduler;
  /** The program. */
  readonly path: string;
  readonly nice: number;
  /** Told when it has written something. */
  readonly wrote: () => void;
  /** Told once, when the process has ended. */
  readonly over: (end: ChildEnd) => void;
}

/**
 * Why a child is over: its source has ended and it has written all (`complete`), its source goes on with other tracks (`new-tracks`), or it was
 * not to be or did not do what it should (`failed`).
 */
export interface ChildEnd {
  readonly reason: "complete" | "new-tracks" | "failed";
  /** What FFmpeg said, for the log. */
  readonly words: string;
}

/** Behind what waits in the pipe, to hear when it has been taken. */
const nothing = new Uint8Array(0);
/** Milliseconds from the end of its input to that of the program. */
const LAST_WORDS = 5000;

/**
 * One life of FFmpeg: a playhead of the source writes to its standard input, what it writes goes onto the timeline of what is made. It is a viewer
 * of the source like any other: where it is slow it is moved on, where it takes nothing it is let go.
 */
export class Child {
  readonly #options: ChildOptions;
  readonly #program: FfmpegProgram;
  readonly #receiver: Receiver;
  readonly #feed: Playhead;
  readonly #begun: number;
  #fedAt: number | undefined;
  #wroteAt: number | undefined;
  #end: ChildEnd["reason"] = "failed";
  #fault = "";
  #cancelKill: (() => void) | undefined;

  /** @throws {Refusal} where its source has ended */
  constructor(options: ChildOptions) {
    this.#options = options;
    const { source, made, wanted, scheduler, path, nice } = options;
    const { generation } = source;
    const input = childInput(generation, wanted.choice);
    this.#begun = scheduler.now();
    this.#program = new FfmpegProgram(path, childArguments(wanted, input, generation), nice);
    try {
      this.#feed = source.play(input.container, bareFraming, this.#sink());
    } catch (error) {
      this.#program.kill();
      throw error;
    }
    this.#receiver = receiver(wanted, made, scheduler);
    this.#program.stdout.on("data", (piece: Buffer) => this.#wrote(piece));
    void this.#program.ended.then(({ code, words }) => this.#ended(code, words));
  }

  /** Milliseconds since it began. */
  get age(): number {
    return this.#options.scheduler.now() - this.#begun;
  }

  /** It has written something. */
  get hasWritten(): boolean {
    return this.#wroteAt !== undefined;
  }

  /** Milliseconds for which it has been fed and has written nothing. */
  get silence(): number {
    const from = this.#wroteAt ?? this.#begun;
    return this.#fedAt === undefined || this.#fedAt < from ? 0 : this.#options.scheduler.now() - from;
  }

  /** Ends it at once. @param why for the log */
  kill(why = ""): void {
    this.#fault ||= why;
    this.#feed.close("left");
    this.#program.kill();
  }

  #wrote(piece: Uint8Array): void {
    if (this.#fault !== "") return;
    this.#wroteAt = this.#options.scheduler.now();
    this.#guard(() => this.#receiver.push(piece));
    this.#options.wrote();
  }

  /** Whatever it wrote, it is the child's fault. */
  #guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.kill(error instanceof Error ? error.message : String(error));
    }
  }

  #ended(code: number | null, words: string): void {
    this.#cancelKill?.();
    this.#feed.close("left");
    const isGood = code === 0 && this.#fault === "" && this.#end !== "failed";
    if (isGood) this.#guard(() => this.#receiver.end());
    this.#receiver.close();
    const told = [this.#fault, words, isGood ? "" : `exit code ${code ?? "none"}`].filter((each) => each !== "").join("; ");
    this.#options.over({ reason: isGood || this.#end === "new-tracks" ? this.#end : "failed", words: told });
  }

  #sink(): PlayheadSink {
    return {
      write: (bytes) => {
        const { stdin } = this.#program;
        if (!stdin.writable) return false;
        this.#fedAt = this.#options.scheduler.now();
        stdin.write(bytes);
        return stdin.writableLength === 0;
      },
      whenTaken: (taken) => {
        const { stdin } = this.#program;
        if (stdin.writable) stdin.write(nothing, () => taken());
      },
      end: (reason) => this.#sourceEnded(reason),
    };
  }

  #sourceEnded(reason: PlayheadEnd): void {
    switch (reason) {
      case "left":
        return;
      case "stalled":
        return this.kill("it took nothing for too long");
      case "no-start":
        return this.kill("the stream has no picture to start at");
      case "closing":
        return this.kill("the server is closing");
      case "ended":
      case "not-carried":
      case "new-tracks":
        this.#end = reason === "new-tracks" ? "new-tracks" : "complete";
        this.#program.stdin.end();
        this.#cancelKill = this.#options.scheduler.after(LAST_WORDS, () => this.kill("it did not end"));
    }
  }
}
