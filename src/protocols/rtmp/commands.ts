import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Refusal } from "../../hub/refusal.ts";
import { joined } from "../../bytes/joined.ts";
import type { AmfValue } from "../../containers/flv/amf0.ts";
import { command, failure, result, type Command } from "./command.ts";
import { connectError, connectResult, readConnect, type ConnectRequest } from "./connect.ts";
import type { Connection } from "./connection.ts";
import { BandwidthLimit, setChunkSize, setPeerBandwidth, userControl, UserControlEvent, windowAcknowledgementSize } from "./control.ts";
import { sentChunkSize } from "./message.ts";
import type { LogFields } from "./log.ts";
import type { LoginAnswer } from "./logins.ts";
import type { MessageStreams, MessageStreamsOwner } from "./message-streams.ts";
import { requestedName } from "./question.ts";
import type { SessionContext } from "./session-context.ts";
import { information, status, StatusCode } from "./status.ts";

/** Bytes after which we want to hear what has arrived; what Flash Media Server asks for. */
const askedWindow = 2_500_000;

type LoginRefused = LoginAnswer & { readonly kind: "refuse" };

/** A session's conversation: answers commands, and passes on those that concern a message stream. */
export class Commands {
  readonly #connection: Connection;
  readonly #streams: MessageStreams;
  readonly #context: SessionContext;
  readonly #fields: LogFields;
  #connect: ConnectRequest | undefined;

  constructor(streams: MessageStreams, { connection, context, fields }: MessageStreamsOwner) {
    this.#connection = connection;
    this.#streams = streams;
    this.#context = context;
    this.#fields = fields;
  }

  get connected(): boolean {
    return this.#connect !== undefined;
  }

  /**
   * Does what a command says and answers it (RTMP 1.0 section 7.2).
   *
   * @throws {ProtocolError} for one that no client that means well would send
   */
  handle(streamId: number, request: Command): void {
    if (request.name === "connect") return this.#connected(request);
    const connect = this.#connect;
    if (connect === undefined) throw new ProtocolError("order", `${printable(request.name)} before connect`);
    switch (request.name) {
      case "createStream":
        return this.#answer(result(request, null, this.#streams.create()));
      case "publish":
        return this.#streams.publish(streamId, request, connect);
      case "play":
        return this.#streams.play(streamId, request, connect);
      case "deleteStream":
        return this.#streams.delete(request.args[0], connect);
      case "closeStream":
        return this.#streams.stop(streamId);
      case "FCUnpublish":
        this.#streams.unpublish(request.args[0], connect);
        return this.#noted("onFCUnpublish", StatusCode.unpublishSuccess, request);
      case "FCPublish":
        return this.#noted("onFCPublish", StatusCode.publishStart, request);
      case "FCSubscribe":
        return this.#noted("onFCSubscribe", StatusCode.playStart, request);
      case "releaseStream":
      case "_checkbw":
        return this.#answer(result(request, null, undefined));
      case "getStreamLength":
        return this.#answer(result(request, null, 0));
      case "_result":
      case "_error":
        return;
      default:
        return this.#playerCommand(streamId, request);
    }
  }

  /** Tells the peer that the server closes. */
  shutDown(): void {
    if (!this.connected) return;
    this.#answer(command(0, "onStatus", 0, null, information(StatusCode.connectAppShutdown, "This server is closing.")));
  }

  #connected(request: Command): void {
    if (this.#connect !== undefined) throw new ProtocolError("order", "connect twice");
    let connect: ConnectRequest;
    try {
      connect = readConnect(request);
    } catch (error) {
      if (error instanceof ProtocolError) this.#rejectConnect(request.transactionId, error.message);
      throw error;
    }
    const login = this.#context.logins?.answer(connect, this.#connection.address);
    if (login?.kind === "refuse") return this.#askedToLogIn(connect, login);
    this.#connect = login?.password === undefined ? connect : { ...connect, password: login.password };
    const answer = [
      windowAcknowledgementSize(askedWindow),
      setPeerBandwidth(askedWindow, BandwidthLimit.dynamic),
      userControl(UserControlEvent.streamBegin, 0),
      setChunkSize(sentChunkSize),
      connectResult(this.#connect),
    ];
    this.#answer(joined(answer));
  }

  #rejectConnect(transactionId: number, description: string): void {
    // The words are longer than the 128 bytes that a chunk has before anybody says otherwise.
    this.#answer(joined([setChunkSize(sentChunkSize), connectError(transactionId, description)]));
  }

  /** The encoder comes back on another connection, if it has what it was asked for. */
  #askedToLogIn({ transactionId, app, agent }: ConnectRequest, { description, failed }: LoginRefused): void {
    const { log, onRefused } = this.#context;
    this.#rejectConnect(transactionId, description);
    this.#connection.close();
    if (failed === undefined) return log.debug(this.#fields, "RTMP encoder asked for user and password");
    const refusal = new Refusal("denied", failed);
    log.warn({ ...this.#fields, code: refusal.code, reason: failed }, "RTMP login refused");
    onRefused({ stream: requestedName(app), address: this.#connection.address, client: agent }, refusal);
  }

  /** Commands to a message stream that plays. */
  #playerCommand(streamId: number, request: Command): void {
    const playing = this.#streams.playing(streamId);
    const [first] = request.args;
    switch (request.name) {
      case "seek":
        return this.#seek(streamId, first);
      case "play2":
        return this.#answer(status(streamId, StatusCode.playFailed, "play2 is not supported here: use play."));
      case "receiveAudio":
        return playing?.receive("audio", first === true);
      case "receiveVideo":
        // Flash Player may name a frame rate instead.
        return playing?.receive("video", first === true || (typeof first === "number" && first > 0));
      case "pause":
      case "pauseRaw":
        playing?.pause(first === true);
        return this.#answer(result(request, null));
      default:
        return this.#answer(failure(request, StatusCode.callFailed, `There is no command ${printable(request.name)}.`));
    }
  }

  #seek(streamId: number, to: AmfValue): void {
    const file = this.#streams.playingFile(streamId);
    if (file !== undefined) return file.seek(typeof to === "number" ? to : Number.NaN);
    this.#answer(status(streamId, StatusCode.seekFailed, "A live stream has no position to seek to."));
  }

  /** Commands of Flash Media Server's that clients want answered twice: by a call of theirs and by a result. */
  #noted(call: string, code: StatusCode, request: Command): void {
    this.#answer(joined([command(0, call, 0, null, information(code, "Noted.")), result(request, null, undefined)]));
  }

  #answer(bytes: Uint8Array): void {
    this.#connection.write(bytes);
  }
}

function printable(text: string): string {
  return text.slice(0, 40).replaceAll(/[^\x20-\x7e]/g, "?");
}
