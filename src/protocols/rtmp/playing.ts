import type { Socket } from "node:net";
import type { Access, AccessQuestion } from "../../hub/access.ts";
import type { Container } from "../../hub/container-output.ts";
import { bareFraming } from "../../hub/framing.ts";
import type { Hub } from "../../hub/hub.ts";
import type { Playhead, PlayheadEnd, PlayheadSink } from "../../hub/playhead.ts";
import { Refusal, type RefusalCode } from "../../hub/refusal.ts";
import type { Stream } from "../../hub/stream.ts";
import { joined } from "../../bytes/joined.ts";
import type { Connection } from "./connection.ts";
import { userControl, UserControlEvent } from "./control.ts";
import { rtmpContainer, type RtmpVariant } from "./muxer.ts";
import { status, StatusCode } from "./status.ts";

/** Milliseconds from the last media to StreamEOF: GStreamer's rtmp2src drops what it has not passed on when that comes. */
export const endOfStreamDelay = 100;

const closingWords = "This server is closing.";

/** Written behind what waits, to hear when it has been taken. */
const nothing = new Uint8Array(0);

/** What a player asked for. */
export interface PlayRequest {
  readonly streamId: number;
  /** What is to be decided before it plays. */
  readonly question: AccessQuestion;
  /** Milliseconds to wait for a publisher. */
  readonly wait: number;
  /** The player wants to hear that its playlist was reset. */
  readonly reset: boolean;
  readonly variant: Omit<RtmpVariant, "audio" | "video" | "messageStreamId">;
}

/** Whoever plays on a message stream, what is live or a file. */
export interface Player {
  readonly streamId: number;
  /** The identity that was granted; undefined before. */
  readonly granted: string | undefined;
  stop(): void;
  shutDown(): void;
  pause(paused: boolean): void;
  receive(kind: "audio" | "video", wanted: boolean): void;
}

/** What a player needs of its session. */
export interface PlayingOwner {
  readonly hub: Hub;
  readonly access: Access;
  readonly connection: Connection;
  /** Counts a viewer in; the function counts it out. @throws {Refusal} if there are too many */
  admit(): () => void;
  /** It plays now. */
  started(playing: Player): void;
  /** It is over and the message stream is free. `closing`: the session should go too. */
  ended(playing: Player, why: string, closing: boolean): void;
  /** Something failed that is no refusal. */
  failed(error: unknown): void;
}

/** One message stream's player: asks whether it may, waits for the stream, then lets a playhead write to the session's socket. */
export class Playing implements Player, PlayheadSink {
  readonly request: PlayRequest;
  readonly #owner: PlayingOwner;
  readonly #connection: Connection;
  /** The connection's, one step nearer: it is asked for with every frame. */
  readonly #socket: Socket;
  #waiting: AbortController | undefined;
  #granted: string | undefined;
  #giveUpSeat: (() => void) | undefined;
  #stream: Stream | undefined;
  #playhead: Playhead | undefined;
  #audio = true;
  #video = true;
  #paused = false;
  #over = false;

  constructor(request: PlayRequest, owner: PlayingOwner) {
    this.request = request;
    this.#owner = owner;
    this.#connection = owner.connection;
    this.#socket = owner.connection.socket;
  }

  get streamId(): number {
    return this.request.streamId;
  }

  get granted(): string | undefined {
    return this.#granted;
  }

  /** Asks, waits for the stream and starts; answers the player. Settles when it has started or was refused. */
  async start(): Promise<void> {
    const { question, wait } = this.request;
    const waiting = new AbortController();
    this.#waiting = waiting;
    try {
      this.#granted ??= (await this.#owner.access.play({ ...question, signal: waiting.signal })).stream;
      if (this.#over) return;
      this.#giveUpSeat ??= this.#owner.admit();
      const stream = await this.#owner.hub.watch(this.#granted, wait, waiting.signal);
      this.#waiting = undefined;
      if (!this.#over) this.#begin(stream);
    } catch (error) {
      this.#waiting = undefined;
      if (this.#over) return;
      if (error instanceof Refusal) this.#refuse(error);
      else this.#owner.failed(error);
    }
  }

  /** The player leaves: nothing more is sent on its message stream. */
  stop(): void {
    this.#over = true;
    this.#waiting?.abort();
    this.#letGo();
    this.#leaveSeat();
  }

  /** Says goodbye because the server closes. */
  shutDown(): void {
    if (this.#over) return;
    const { streamId } = this.request;
    const plays = this.#stream !== undefined;
    this.stop();
    if (!plays) return this.#connection.write(status(streamId, StatusCode.playFailed, closingWords, { details: this.#name }));
    this.#goodbye(closingWords);
    this.#endOfStream();
  }

  /** `pause` (RTMP 1.0 section 7.2.2.8). A live stream goes on without us: resuming is going live. */
  pause(paused: boolean): void {
    const name = this.#name;
    const { streamId } = this.request;
    this.#paused = paused;
    this.#hold();
    const event = userControl(paused ? UserControlEvent.streamEof : UserControlEvent.streamBegin, streamId);
    const words = paused
      ? status(streamId, StatusCode.pause, `Pausing ${name}.`)
      : status(streamId, StatusCode.unpause, `Unpausing ${name}.`);
    this.#connection.write(joined([event, words]));
  }

  /** `receiveAudio` and `receiveVideo` (section 7.2.2.4 and 7.2.2.5): goes on at the newest random-access point. */
  receive(kind: "audio" | "video", wanted: boolean): void {
    const before = kind === "audio" ? this.#audio : this.#video;
    if (kind === "audio") this.#audio = wanted;
    else this.#video = wanted;
    if (before === wanted) return;
    const name = this.#name;
    const { streamId } = this.request;
    if (wanted) {
      const words = [status(streamId, StatusCode.seek, `Receiving ${kind}.`), status(streamId, StatusCode.playStart, `Playing ${name}.`)];
      this.#connection.write(joined(words));
    }
    if (this.#stream === undefined) return;
    try {
      this.#follow(this.#stream);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#refuse(error);
    }
  }

  /** The name that the player knows. */
  get #name(): string {
    return this.request.question.stream;
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
    this.#playhead = undefined;
    switch (reason) {
      case "new-tracks":
        return void this.start();
      case "not-carried":
        return this.#refuse(new Refusal("not-carried", "The stream changed to what RTMP cannot carry."));
      case "no-start":
        return this.#refuse(new Refusal("not-carried", "No picture to start at has come."));
      case "stalled":
        return this.#finish("the player stopped reading", true);
      case "ended":
        return this.#ended();
      case "closing":
        this.#goodbye(closingWords);
        this.#endOfStream();
        return this.#finish("the stream is over", true);
    }
  }

  #begin(stream: Stream): void {
    const name = this.#name;
    const { streamId, reset } = this.request;
    // Throws what refuses it before the player is told that it plays; its bytes come in a later turn.
    this.#follow(stream);
    const words = [userControl(UserControlEvent.streamBegin, streamId)];
    if (reset) words.push(status(streamId, StatusCode.playReset, `Playing and resetting ${name}.`, { details: name }));
    words.push(status(streamId, StatusCode.playStart, `Playing ${name}.`, { details: name }));
    this.#connection.write(joined(words));
    this.#owner.started(this);
  }

  /** Puts a playhead on the output that fits what is wanted now. */
  #follow(stream: Stream): void {
    this.#letGo();
    this.#stream = stream;
    if (!this.#audio && !this.#video) return;
    this.#playhead = stream.play(this.#container(), bareFraming, this);
    this.#hold();
  }

  #container(): Container {
    const { variant, streamId } = this.request;
    return rtmpContainer({ ...variant, messageStreamId: streamId, audio: this.#audio, video: this.#video });
  }

  #hold(): void {
    if (this.#paused) this.#playhead?.pause();
    else this.#playhead?.resume();
  }

  #letGo(): void {
    const playhead = this.#playhead;
    this.#playhead = undefined;
    playhead?.close("left");
  }

  #refuse(refusal: Refusal): void {
    const { streamId } = this.request;
    const words = refusal.askedAs(this.#name, this.#granted ?? this.#name).message;
    this.#letGo();
    this.#connection.write(status(streamId, refusedBy(refusal.code), words, { details: this.#name }));
    this.#finish(refusal.message, refusal.code === "closing");
  }

  #goodbye(words: string): void {
    const name = this.#name;
    const { streamId } = this.request;
    const last = [
      status(streamId, StatusCode.playUnpublish, words, { details: name }),
      status(streamId, StatusCode.playStop, words, { details: name }),
    ];
    this.#connection.write(joined(last));
  }

  #endOfStream(): void {
    this.#connection.write(userControl(UserControlEvent.streamEof, this.request.streamId));
  }

  /** The stream is over and all of it has been given to the socket. */
  #ended(): void {
    this.#stream = undefined;
    this.#goodbye(`${this.#name} is over.`);
    this.#owner.hub.scheduler.after(endOfStreamDelay, () => {
      if (this.#over) return;
      this.#endOfStream();
      this.#finish("the stream is over", false);
    });
  }

  #leaveSeat(): void {
    this.#giveUpSeat?.();
    this.#giveUpSeat = undefined;
  }

  #finish(why: string, closing: boolean): void {
    this.#over = true;
    this.#stream = undefined;
    this.#leaveSeat();
    this.#owner.ended(this, why, closing);
  }
}

/** What a refused player is told. */
export function refusedBy(code: RefusalCode): StatusCode {
  switch (code) {
    case "not-live":
    case "not-found":
    case "name-refused":
      return StatusCode.playNotFound;
    case "not-carried":
      return StatusCode.playNoTrack;
    case "denied":
    case "busy":
    case "full":
    case "closing":
      return StatusCode.playFailed;
  }
}
