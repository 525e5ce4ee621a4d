import type { Socket } from "node:net";
import type { RawData, WebSocket } from "ws";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { utf8Prefix } from "../../bytes/utf8-prefix.ts";
import type { IntakeSource } from "../../hub/intake.ts";
import type { Demuxer, FrameSink } from "../../media/demuxer.ts";
import { closeOf, CloseCode } from "./close-code.ts";
import { type PublishContext, type PublishRequest, PublishSession } from "./publish-session.ts";

/** What somebody wants to publish. */
export interface WsPublishRequest extends Omit<PublishRequest, "demuxer"> {
  /** Makes what takes the bytes apart. @param type the media type that the publisher says, undefined where it says none */
  readonly demuxer: (sink: FrameSink, type: string | undefined) => Demuxer;
}

/** What a publisher is told when it was let in. */
export const publishingMessage = JSON.stringify({ type: "publishing" });

/** Bytes taken before it is known whether somebody may publish; then nothing is read until it is. */
const askingLimit = 128 * 1024;
/** Characters of a media type. */
const longestType = 1000;
/** Bytes of a close frame's reason at most: 125 of a control frame less the code. */
const reasonLimit = 123;

/** One publisher's WebSocket: its binary messages are one stream of bytes; a text message before them may say of which media type. */
export class WsPublisher implements IntakeSource {
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #context: PublishContext;
  readonly #abort = new AbortController();
  #session: PublishSession | undefined;
  #type: string | undefined;
  /** What came before it was let in. */
  #early: { readonly data: Uint8Array; readonly isBinary: boolean }[] = [];
  #earlyBytes = 0;
  #hasBegun = false;
  #cancelPatience: (() => void) | undefined;

  constructor(webSocket: WebSocket, socket: Socket, context: PublishContext) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#context = context;
    webSocket.on("message", (data, isBinary) => this.#message({ data: bytesOf(data), isBinary }));
    webSocket.once("close", (code) => this.#closed(code));
    // `ws` closes after an error.
    webSocket.on("error", () => undefined);
    socket.on("data", this.#count);
  }

  /** Asks whether it may, and takes what comes. What is wrong with `wanted` becomes the reason of the closing. */
  async open(wanted: () => WsPublishRequest): Promise<void> {
    try {
      const request = wanted();
      const demuxer = (sink: FrameSink): Demuxer => request.demuxer(sink, this.#type);
      const session = await PublishSession.open(this.#context, { ...request, demuxer }, this.#abort.signal);
      if (this.#abort.signal.aborted) return session.lose();
      this.#granted(session);
    } catch (error) {
      if (!this.#abort.signal.aborted) this.close(error);
    }
  }

  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    this.#webSocket.resume();
  }

  /** @param error what ended it; undefined where all was taken */
  close(error: unknown): void {
    const [code, words] = closeOf(error);
    this.#cancelPatience?.();
    // Its half of the closing comes behind what it has sent: that is read, and means nothing any more.
    this.#early = [];
    this.#webSocket.resume();
    this.#webSocket.close(code, utf8Prefix(words, reasonLimit));
  }

  #granted(session: PublishSession): void {
    const { hub, times } = this.#context;
    this.#session = session;
    this.#socket.off("data", this.#count);
    const end = (error: unknown): void => this.close(error);
    session.rest(end);
    this.#webSocket.send(publishingMessage);
    this.#cancelPatience = hub.scheduler.after(times.stall, () => session.stall());
    for (const message of this.#early.splice(0)) this.#message(message);
    this.#webSocket.resume();
  }

  #message(message: { readonly data: Uint8Array; readonly isBinary: boolean }): void {
    if (this.#session === undefined) return void this.#early.push(message);
    const { data, isBinary } = message;
    if (!this.#hasBegun) {
      if (!isBinary && this.#type === undefined) {
        this.#type = new TextDecoder().decode(data.subarray(0, longestType));
        return;
      }
      this.#hasBegun = true;
      this.#cancelPatience?.();
      this.#session.attach(this, (error) => this.close(error));
    }
    if (isBinary) this.#session.push(data);
    else this.#session.fail(new ProtocolError("order", "a text message among the media"));
  }

  /** Reads no further than the limit while nobody has said that it may. */
  readonly #count = (bytes: Uint8Array): void => {
    this.#earlyBytes += bytes.length;
    if (this.#earlyBytes > askingLimit) this.#webSocket.pause();
  };

  #closed(code: number): void {
    this.#abort.abort();
    this.#cancelPatience?.();
    const session = this.#session;
    if (session === undefined) return;
    // 1005: closed without a code.
    const isMeant = code === CloseCode.ended || code === 1005;
    if (!isMeant) session.lose();
    else if (this.#hasBegun) session.finish();
    else session.fail(undefined);
  }
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}
