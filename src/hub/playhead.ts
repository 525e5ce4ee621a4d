import type { Output, OutputEnd } from "./output.ts";

/** Bytes of one write at most, unless a single chunk is larger. */
export const MAX_WRITE = 256 * 1024;
/** Milliseconds that a viewer of a live stream waits for a picture to start at. Key frames 20 s apart are met with. */
const START_PATIENCE = 30_000;

/**
 * Why a viewer's playhead came to its end: `ended` (the stream is over), `not-carried` (its tracks changed to what
 * this container cannot carry), `new-tracks` (the container's header cannot change on the way: ask again), `no-start`
 * (no picture that this container can start at came for too long), `stalled` (a write was not taken for too long),
 * `closing` (this server is ending), `left` (the viewer's own side closed it).
 */
export type PlayheadEnd = OutputEnd | "new-tracks" | "no-start" | "stalled" | "closing" | "left";

/** A viewer's socket, as a playhead sees it. */
export interface PlayheadSink {
  /**
   * Takes the bytes, which stay valid and unchanged for ever. True: they have left the process. False: they wait, or
   * the peer is gone; after the other pieces of the same run `whenTaken` is called.
   */
  write(bytes: Uint8Array): boolean;
  /** Calls the function once all that was written has left the process, or never if the peer is gone. */
  whenTaken(taken: () => void): void;
  /** The last call. What was written before has been given to the socket, not necessarily sent. */
  end(reason: PlayheadEnd): void;
}

/** What a playhead asks of whoever moves it. */
export interface PlayheadOwner {
  /** It has bytes to send and nobody will move it: give it a turn. */
  behind(playhead: Playhead): void;
  /** All that was there has been taken. */
  drained?(playhead: Playhead): void;
  skipped(playhead: Playhead): void;
  ended(playhead: Playhead, reason: PlayheadEnd): void;
}

/**
 * A viewer: a position in an output and a sink. It owns no bytes and no queue; at most one write is outstanding. When
 * the output's ring has left it behind it goes on at the newest random-access point, which is counted.
 */
export class Playhead {
  readonly output: Output;
  readonly #sink: PlayheadSink;
  readonly #owner: PlayheadOwner;
  readonly #from: "newest" | "oldest";
  /** Position of the next byte; -1 until a random-access point is there. */
  #position = -1;
  #init = -1;
  /** The newest run has not been taken yet. */
  #outstanding = false;
  /** Milliseconds at which the newest run was written, before the first those of the first look for a place to start. */
  #writtenAt = 0;
  #paused = false;
  #end: PlayheadEnd | undefined;
  /** Index in its audience's dense list; the audience keeps it. */
  slot = -1;
  /** How often it lost its place and was moved on. */
  skips = 0;
  /** Bytes given to the sink. */
  bytes = 0;

  /** @param from where in the output it starts: at the newest random-access point, or at the oldest that is there */
  constructor(output: Output, sink: PlayheadSink, owner: PlayheadOwner, from: "newest" | "oldest" = "newest") {
    this.output = output;
    this.#sink = sink;
    this.#owner = owner;
    this.#from = from;
  }

  /** Position of the next byte; -1 until it has a place to start at. */
  get position(): number {
    return this.#position;
  }

  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** Once a second: ends it where it has taken nothing for too long, or has had nothing to start at. */
  sweep(now: number, stallTimeout: number): void {
    const waited = now - this.#writtenAt;
    if (this.#outstanding && waited > stallTimeout) this.close("stalled");
    else if (this.#position < 0 && this.#writtenAt > 0 && waited > START_PATIENCE) this.close("no-start");
  }

  /** Bytes of the output that this viewer has not been sent. */
  get lag(): number {
    return this.#position < 0 ? 0 : this.output.end - this.#position;
  }

  /** Sends nothing until `resume`, which goes on live. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    const live = this.output.newestStart;
    if (live !== undefined && live.at > this.#position) this.#position = this.#position < 0 ? -1 : live.at;
    this.#owner.behind(this);
  }

  /** The viewer is gone, or is to go. */
  close(reason: PlayheadEnd): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    this.#sink.end(reason);
    this.#owner.ended(this, reason);
  }

  /** Writes the next run, if there is one and the last has been taken. */
  step(now: number): void {
    if (this.#outstanding || this.#paused || this.#end !== undefined) return;
    const output = this.output;
    if ((this.#position < output.start && !this.#place(now)) || this.#position === output.end) return this.#endIfOver();
    this.#writtenAt = now;
    let to = this.#init === output.currentInit ? output.end : this.#cross();
    if (to - this.#position > MAX_WRITE) to = Math.min(to, output.edge(this.#position, MAX_WRITE));
    let from = this.#position;
    this.#position = Math.max(from, to);
    while (from < to) {
      const piece = output.view(from, to);
      from += piece.length;
      this.#write(piece);
    }
    if (this.#outstanding) this.#sink.whenTaken(() => this.#taken());
    else this.#ask();
  }

  #taken(): void {
    this.#outstanding = false;
    this.#ask();
  }

  #ask(): void {
    if (this.#waiting) this.#owner.behind(this);
    else if (this.#end === undefined) this.#owner.drained?.(this);
  }

  /** There is something to do that no new chunk will make the pump come for. */
  get #waiting(): boolean {
    return this.#end === undefined && !this.#paused && (this.#position !== this.output.end || this.output.over !== undefined);
  }

  /** Starts, or goes on after having lost its place, at the newest random-access point. False where there is none. */
  #place(now: number): boolean {
    const start = this.#from === "newest" ? this.output.newestStart : this.output.oldestStart;
    if (start === undefined) {
      if (this.#writtenAt === 0) this.#writtenAt = now;
      return false;
    }
    if (this.#position < 0) {
      this.#init = start.init;
      this.#position = start.at;
      this.#writtenAt = now;
      const bytes = this.output.init(start.init)!.start;
      if (bytes.length > 0) this.#write(bytes);
    } else {
      this.#position = start.at;
      this.skips += 1;
      this.#owner.skipped(this);
    }
    return true;
  }

  /** Sends what leads to the next chunk's init, if it needs another. Returns where the run has to end. */
  #cross(): number {
    const { output } = this;
    let next = output.firstChunkBeyondInit(this.#position, this.#init);
    if (next?.at === this.#position) {
      const change = output.continues(this.#init) ? output.init(next.init)!.change : undefined;
      if (change === undefined) {
        this.close("new-tracks");
        return this.#position;
      }
      this.#init = next.init;
      if (change.length > 0) this.#write(change);
      next = output.firstChunkBeyondInit(this.#position, this.#init);
    }
    return next?.at ?? output.end;
  }

  #endIfOver(): void {
    if (this.output.over !== undefined) this.close(this.output.over);
  }

  #write(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    if (!this.#sink.write(bytes)) this.#outstanding = true;
  }
}
