import type { Socket } from "node:net";
import { joined } from "../../bytes/joined.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { AccessQuestion } from "../../hub/access.ts";
import type { FileKind, FileLibrary } from "../../hub/file-library.ts";
import { bareFraming } from "../../hub/framing.ts";
import type { PlayheadEnd, PlayheadSink } from "../../hub/playhead.ts";
import { Refusal } from "../../hub/refusal.ts";
import type { Replay } from "../../hub/replay.ts";
import { recordedOf } from "../../media/media-index.ts";
import { userControl, UserControlEvent } from "./control.ts";
import { rtmpContainer } from "./muxer.ts";
import { endOfStreamDelay, type Player, type PlayingOwner, type PlayRequest, refusedBy } from "./playing.ts";
import { playStatus, status, StatusCode } from "./status.ts";

/** Milliseconds of media that are sent ahead to a player that does not say how much it wants. */
export const defaultBuffer = 3000;

/** Files that one player may have in its playlist. */
const longestPlaylist = 64;

/** Written behind what waits, to hear when it has been taken. */
const nothing = new Uint8Array(0);

/** A file that a player asked for. */
export interface FileRequest extends Omit<PlayRequest, "wait"> {
  readonly kind: FileKind;
  /** Milliseconds from the file's beginning. */
  readonly start: number;
  /** Milliseconds of media; Infinity for all. */
  readonly length: number;
}

/** What is to be sent next: from where, how much, and what the player is told before. */
interface Section {
  readonly from: number;
  readonly length: number;
  /** Time stamps begin at 0 there. */
  readonly isBeginning: boolean;
  readonly words: () => Uint8Array[];
}

/** One message stream's player of files: asks whether it may, then is sent a file after the other, ahead of real time by its own buffer. */
export class FilePlaying implements Player, PlayheadSink {
  readonly #owner: PlayingOwner;
  readonly #library: FileLibrary;
  readonly #socket: Socket;
  /** Those that come after the present one. */
  readonly #playlist: FileRequest[] = [];
  #request: FileRequest;
  #buffer: number;
  #granted: string | undefined;
  #giveUpSeat: (() => void) | undefined;
  #asking: AbortController | undefined;
  #file: { readonly durationMs: number; readonly size: number } | undefined;
  #replay: Replay | undefined;
  /** Rises with every file and position: what was opened for an earlier one is let go. */
  #turn = 0;
  #audio = true;
  #video = true;
  #paused = false;
  #over = false;

  /** @param buffer milliseconds of media that the player wants ahead */
  constructor(request: FileRequest, library: FileLibrary, owner: PlayingOwner, buffer: number) {
    this.#request = request;
    this.#library = library;
    this.#owner = owner;
    this.#buffer = buffer;
    this.#socket = owner.connection.socket;
  }

  get streamId(): number {
    return this.#request.streamId;
  }

  /** The identity that was granted; undefined before. */
  get granted(): string | undefined {
    return this.#granted;
  }

  /** Asks, opens and begins; answers the player. Settles when it plays or was refused. */
  async start(): Promise<void> {
    const { question, start, length, reset } = this.#request;
    try {
      await this.#permit(question);
      this.#giveUpSeat ??= this.#owner.admit();
      await this.#send({ from: start, length, isBeginning: true, words: () => this.#beginning(reset) });
      if (this.#replay !== undefined) this.#owner.started(this);
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** Plays another file after this one. @throws {ProtocolError} for too many */
  append(request: FileRequest): void {
    if (this.#playlist.length === longestPlaylist) throw new ProtocolError("limit", `more than ${longestPlaylist} files in a playlist`);
    this.#playlist.push(request);
  }

  /** The player leaves: nothing more is sent on its message stream. */
  stop(): void {
    this.#over = true;
    this.#asking?.abort();
    this.#letGo();
    this.#giveUpSeat?.();
  }

  /** Says goodbye because the server closes. */
  shutDown(): void {
    if (this.#over) return;
    this.stop();
    this.#say(status(this.streamId, StatusCode.playStop, "This server is closing.", { details: this.#name }), this.#control("streamEof"));
  }

  /** `pause` (RTMP 1.0 section 7.2.2.8): what is due waits for `resume`. What was sent before the player has in its buffer. */
  pause(paused: boolean): void {
    this.#paused = paused;
    if (paused) this.#replay?.hold();
    else this.#replay?.goOn();
    const code = paused ? StatusCode.pause : StatusCode.unpause;
    this.#say(
      this.#control(paused ? "streamEof" : "streamBegin"),
      status(this.streamId, code, `${paused ? "Pausing" : "Unpausing"} ${this.#name}.`),
    );
  }

  /** `seek` (section 7.2.2.7): goes on at the key frame that is shown at that time. @param to milliseconds */
  seek(to: number): void {
    const { durationMs } = this.#file ?? { durationMs: 0 };
    if (this.#replay === undefined) return this.#say(status(this.streamId, StatusCode.seekFailed, "Nothing is playing."));
    if (!(to >= 0) || to >= durationMs) {
      const words = `${this.#name} is ${durationMs / 1000} s long.`;
      return this.#say(status(this.streamId, StatusCode.seekInvalidTime, words, { details: durationMs / 1000 }));
    }
    this.#paused = false;
    const words = [
      this.#control("streamEof"),
      this.#control("streamIsRecorded"),
      this.#control("streamBegin"),
      status(this.streamId, StatusCode.seek, `Seeking ${to} ms.`, { details: this.#name }),
      status(this.streamId, StatusCode.playStart, `Playing ${this.#name}.`, { details: this.#name }),
    ];
    this.#again({ from: to, length: Infinity, isBeginning: false, words: () => words });
  }

  /** `receiveAudio` and `receiveVideo` (section 7.2.2.4 and 7.2.2.5): goes on at the key frame before what is due. */
  receive(kind: "audio" | "video", wanted: boolean): void {
    const before = kind === "audio" ? this.#audio : this.#video;
    if (kind === "audio") this.#audio = wanted;
    else this.#video = wanted;
    if (before === wanted || this.#replay === undefined) return;
    const from = Math.max(0, this.#replay.position - this.#buffer);
    const words = wanted
      ? [
          status(this.streamId, StatusCode.seek, `Receiving ${kind}.`),
          status(this.streamId, StatusCode.playStart, `Playing ${this.#name}.`),
        ]
      : [];
    this.#again({ from, length: Infinity, isBeginning: false, words: () => words });
  }

  /** Set Buffer Length (section 7.1.7). @param buffer milliseconds */
  ahead(buffer: number): void {
    this.#replay?.hurry(buffer - this.#buffer);
    this.#buffer = buffer;
  }

  write(bytes: Uint8Array): boolean {
    this.#socket.write(bytes);
    return this.#socket.writableLength === 0;
  }

  whenTaken(taken: () => void): void {
    this.#socket.write(nothing, taken);
  }

  end(reason: PlayheadEnd): void {
    if (this.#over || reason === "left") return;
    this.#replay = undefined;
    if (reason === "ended") return this.#playlist.length > 0 ? this.#next() : this.#complete();
    if (reason === "not-carried" || reason === "no-start")
      return this.#refuse(new Refusal("not-carried", "RTMP cannot carry what is in this file."));
    this.#finish(reason === "stalled" ? "the player stopped reading" : reason, reason === "stalled" || reason === "closing");
  }

  get #name(): string {
    return this.#request.question.stream;
  }

  async #permit(question: AccessQuestion): Promise<void> {
    const asking = new AbortController();
    this.#asking = asking;
    this.#granted = undefined;
    const { stream } = await this.#owner.access.play({ ...question, signal: asking.signal });
    // A stream may be granted under another name; a file has one.
    if (stream !== question.stream) throw new Refusal("not-found", "There is no such file.");
    this.#granted = stream;
  }

  /** Another section of the present file. */
  #again(section: Section): void {
    this.#send(section).catch((error: unknown) => this.#refuse(error));
  }

  /** Opens the file and sends what is asked of it. */
  async #send({ from, length, isBeginning, words }: Section): Promise<void> {
    const turn = ++this.#turn;
    this.#letGo();
    const file = await this.#library.open(this.#name, this.#request.kind);
    if (this.#over || turn !== this.#turn) return file.close();
    const { durationMs } = file.index;
    if (from > durationMs) {
      file.close();
      throw new Refusal("not-found", `${this.#name} is ${durationMs / 1000} s long.`);
    }
    const place = {
      from,
      pace: "real",
      ahead: this.#buffer,
      recorded: recordedOf(file.index),
      ...(length !== Infinity && { maxTime: length }),
    } as const;
    const replay = this.#library.view(file, place);
    this.#file = { durationMs, size: file.size };
    // Throws what refuses it before the player is told that it plays; its bytes come in a later turn.
    const { variant } = this.#request;
    // A player that asks for a start counts from there (librtmp adds what it asked for); times after a seek are the file's.
    const epoch = isBeginning && from > 0 ? Math.floor(replay.startMs) : 0;
    replay.play(
      rtmpContainer({ ...variant, messageStreamId: this.streamId, audio: this.#audio, video: this.#video, epoch }),
      bareFraming,
      this,
    );
    if (this.#paused) replay.hold();
    this.#replay = replay;
    this.#say(...words());
  }

  #beginning(reset: boolean): Uint8Array[] {
    const details = { details: this.#name };
    const words = [this.#control("streamIsRecorded"), this.#control("streamBegin")];
    if (reset) words.push(status(this.streamId, StatusCode.playReset, `Playing and resetting ${this.#name}.`, details));
    words.push(status(this.streamId, StatusCode.playStart, `Playing ${this.#name}.`, details));
    return words;
  }

  /** The next file of the playlist. */
  #next(): void {
    const { durationMs = 0, size = 0 } = this.#file ?? {};
    this.#say(playStatus(this.streamId, StatusCode.playSwitch, { details: this.#name, duration: durationMs / 1000, bytes: size }));
    this.#request = this.#playlist.shift()!;
    void this.start();
  }

  /** The file was given to the socket to its end. */
  #complete(): void {
    const { durationMs = 0, size = 0 } = this.#file ?? {};
    this.#say(
      status(this.streamId, StatusCode.playStop, `${this.#name} is over.`, { details: this.#name }),
      playStatus(this.streamId, StatusCode.playComplete, { details: this.#name, duration: durationMs / 1000, bytes: size }),
    );
    this.#owner.hub.scheduler.after(endOfStreamDelay, () => {
      if (this.#over || this.#replay !== undefined) return;
      this.#say(this.#control("streamEof"));
      this.#finish("the file is over", false);
    });
  }

  #refuse(error: unknown): void {
    if (this.#over) return;
    this.#letGo();
    if (error instanceof Refusal) this.#say(status(this.streamId, refusedBy(error.code), error.message, { details: this.#name }));
    else if (error instanceof ProtocolError) {
      const words = `${this.#name} cannot be played: ${error.message} (${error.code}).`;
      this.#say(status(this.streamId, StatusCode.playStructure, words, { details: this.#name }));
    } else return this.#owner.failed(error);
    this.#finish(error.message, error instanceof Refusal && error.code === "closing");
  }

  #letGo(): void {
    const replay = this.#replay;
    this.#replay = undefined;
    replay?.playhead?.close("left");
  }

  #finish(why: string, closing: boolean): void {
    this.#over = true;
    this.#giveUpSeat?.();
    this.#owner.ended(this, why, closing);
  }

  #control(event: "streamBegin" | "streamEof" | "streamIsRecorded"): Uint8Array {
    return userControl(UserControlEvent[event], this.streamId);
  }

  #say(...messages: readonly Uint8Array[]): void {
    if (messages.length > 0) this.#owner.connection.write(joined(messages));
  }
}
