/** Records a capture and pushes it to the server over WebSocket, again and again where the connection breaks. */
import { BackOff } from "../player/back-off.ts";
import { publishOutcome } from "./publish-outcome.ts";
import type { RecordingType } from "./recording-type.ts";

/** `off`: it has not begun, or has ended. `connecting`, `live`: media go out. `waiting`: it will try again. */
export type PublisherState = "off" | "connecting" | "live" | "waiting";

export interface PublisherOptions {
  readonly url: URL;
  readonly capture: MediaStream;
  readonly type: RecordingType;
  /** Bits per second of the picture. */
  readonly videoRate: number;
  /** Told of every change. */
  readonly changed: () => void;
}

/** MediaRecorder gives what it has so often, in milliseconds: the least that browsers keep to. */
const slice = 100;
const audioRate = 128_000;
/** A key frame so often, in milliseconds: viewers start there. */
const keyFrameEvery = 1000;
/** What waits to be sent, in seconds of recording: more is too much for the connection, and it begins anew with less. */
const mostBehind = 4;
const leastRate = 150_000;
/** Of the rate that was too much. */
const lessRate = 0.6;
/** Seconds over which the rate is told. */
const rateOver = 3;

/** TypeScript knows this option of the MediaStream Recording specification not yet. */
type RecorderOptions = MediaRecorderOptions & { readonly videoKeyFrameIntervalDuration?: number };

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #backOff = new BackOff();
  #rate: number;
  #state: PublisherState = "off";
  #words = "";
  #isKey = false;
  #socket: WebSocket | undefined;
  #recorder: MediaRecorder | undefined;
  #timer = 0;
  #sent: { readonly at: number; readonly bytes: number }[] = [];
  #liveSince = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#rate = options.videoRate;
  }

  get state(): PublisherState {
    return this.#state;
  }

  /** Why it ended, or waits; "" where there is nothing to say. */
  get words(): string {
    return this.#words;
  }

  /** The server wants a key, or another one. */
  get wantsKey(): boolean {
    return this.#isKey;
  }

  /** Milliseconds on air without a break. */
  get onAir(): number {
    return this.#state === "live" ? performance.now() - this.#liveSince : 0;
  }

  /** Bits per second, over the last seconds. */
  get bitrate(): number {
    const from = performance.now() - rateOver * 1000;
    this.#sent = this.#sent.filter(({ at }) => at > from);
    return (this.#sent.reduce((sum, { bytes }) => sum + bytes, 0) * 8) / rateOver;
  }

  /** Seconds of recording that wait to be sent. */
  get behind(): number {
    return ((this.#socket?.bufferedAmount ?? 0) * 8) / (this.#rate + audioRate);
  }

  start(): void {
    this.#words = "";
    this.#connect();
  }

  /** Sends what is recorded, says that it was all, and ends. */
  stop(): void {
    window.clearTimeout(this.#timer);
    const recorder = this.#recorder;
    const socket = this.#socket;
    if (recorder === undefined || recorder.state === "inactive") {
      socket?.close(1000);
      return this.#set("off", "");
    }
    recorder.addEventListener("stop", () => socket?.close(1000), { once: true });
    recorder.stop();
    this.#set("off", "");
  }

  #connect(): void {
    const socket = new WebSocket(this.#options.url);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#set("connecting", this.#words);
    socket.addEventListener("message", () => this.#granted(socket));
    socket.addEventListener("close", ({ code, reason }) => this.#closed(socket, code, reason));
  }

  #granted(socket: WebSocket): void {
    if (socket !== this.#socket || this.#state !== "connecting") return;
    const { capture, type } = this.#options;
    const options: RecorderOptions = {
      mimeType: type.mimeType,
      videoBitsPerSecond: this.#rate,
      audioBitsPerSecond: audioRate,
      videoKeyFrameIntervalDuration: keyFrameEvery,
    };
    try {
      const recorder = new MediaRecorder(capture, options);
      this.#recorder = recorder;
      recorder.addEventListener("dataavailable", ({ data }) => this.#send(socket, data));
      recorder.addEventListener("error", () => this.#fail("The browser stopped recording."));
      recorder.start(slice);
      socket.send(recorder.mimeType === "" ? type.mimeType : recorder.mimeType);
    } catch (error) {
      return this.#fail(`The browser cannot record this (${error instanceof Error ? error.message : String(error)}).`);
    }
    this.#backOff.reset();
    this.#liveSince = performance.now();
    this.#set("live", "");
  }

  #send(socket: WebSocket, data: Blob): void {
    if (data.size === 0 || socket.readyState !== WebSocket.OPEN) return;
    socket.send(data);
    this.#sent.push({ at: performance.now(), bytes: data.size });
    if (socket === this.#socket && this.#state === "live" && this.behind > mostBehind) this.#sendLess(socket);
  }

  /** Begins anew with a lower rate: what waits is dropped, or it would be late for ever. */
  #sendLess(socket: WebSocket): void {
    this.#rate = Math.max(leastRate, Math.round(this.#rate * lessRate));
    this.#release();
    socket.close(4000);
    this.#words = `The connection is slow. The picture goes on with ${Math.round(this.#rate / 1000)} kb/s.`;
    this.#retry();
  }

  #closed(socket: WebSocket, code: number, reason: string): void {
    if (socket !== this.#socket || this.#state === "off") return;
    const { words, again, isKey } = publishOutcome(code, reason);
    this.#release();
    if (!again) return this.#set("off", words, isKey);
    this.#words = words;
    this.#retry();
  }

  #retry(): void {
    this.#set("waiting", this.#words);
    this.#timer = window.setTimeout(() => this.#connect(), this.#backOff.next());
  }

  #fail(words: string): void {
    const socket = this.#socket;
    this.#release();
    socket?.close(1000);
    this.#set("off", words);
  }

  /** Lets go of recorder and socket; the capture goes on. */
  #release(): void {
    const recorder = this.#recorder;
    this.#recorder = undefined;
    this.#socket = undefined;
    if (recorder !== undefined && recorder.state !== "inactive") recorder.stop();
  }

  #set(state: PublisherState, words: string, isKey = false): void {
    this.#state = state;
    this.#words = words;
    this.#isKey = isKey;
    this.#options.changed();
  }
}
