import type { Socket } from "node:net";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { sameBytes } from "../../bytes/same-bytes.ts";
import { splitAggregate } from "./aggregate.ts";
import { type ChunkBudget, ChunkReader } from "./chunk-reader.ts";
import { readCommand } from "./command.ts";
import { Commands } from "./commands.ts";
import { Connection } from "./connection.ts";
import { readControl, userControl, UserControlEvent, windowAcknowledgementSize } from "./control.ts";
import { foreignProtocol, type ForeignProtocol, httpHint, proxyLine } from "./foreign-protocol.ts";
import { answerHandshake, packetLength } from "./handshake.ts";
import type { RtmpLimits } from "./limits.ts";
import type { LogFields } from "./log.ts";
import { MessageType, type Message } from "./message.ts";
import { MessageStreams, type MessageStreamsOwner } from "./message-streams.ts";
import type { SessionContext } from "./session-context.ts";

/**
 * One client's RTMP connection: handshake, `connect`, then any number of message streams that publish or play.
 *
 * What arrives is handled as it arrives, without a turn between a socket's bytes and the hub. Time is told to it by
 * `tick`, so that a session owns no timers.
 */
export class Session implements MessageStreamsOwner {
  readonly context: SessionContext;
  readonly connection: Connection;
  readonly fields: LogFields;
  readonly #reader: ChunkReader;
  readonly #streams: MessageStreams;
  readonly #commands: Commands;
  /** What the peer is to do by the deadline, for the log. */
  #step = "the handshake";
  #deadline: number;
  /** Messages so far, and what `tick` saw last: progress is measured without reading the clock for each message. */
  #messages = 0;
  #seenMessages = 0;
  #messageAt: number;
  #seenBytes = 0;
  #heardAt: number;
  #pinged = false;
  #bandwidth = 0;

  /**
   * @param address IP address of the client
   * @param id for the log, unique in the process's life
   */
  constructor(socket: Socket, address: string, context: SessionContext, id: number) {
    const now = context.hub.scheduler.now();
    const { limits } = context;
    this.context = context;
    this.connection = new Connection(socket, limits, address);
    this.fields = { session: id, address };
    this.#reader = new ChunkReader(budgetOf(limits, false), (message) => this.#message(message));
    this.#streams = new MessageStreams(this);
    this.#commands = new Commands(this.#streams, this);
    this.#deadline = now + limits.handshakeMs;
    this.#messageAt = now;
    this.#heardAt = now;
  }

  /** IP address of the client. */
  get address(): string {
    return this.connection.address;
  }

  /** The session from first to last byte. Never rejects. */
  async run(): Promise<void> {
    const connection = this.connection;
    const { log, limits, hub } = this.context;
    const accepted = hub.scheduler.now();
    try {
      await this.#shakeHands();
      this.#step = "publish or play";
      this.#deadline = accepted + limits.setupMs;
      connection.feed((bytes) => {
        this.#reader.push(bytes);
        if (this.#streams.asking > 0) this.throttle();
      });
      await connection.over;
      log.info({ ...this.fields, received: connection.received }, `RTMP session ended: ${connection.end ?? "closed"}`);
    } catch (error) {
      this.#explain(error);
      this.#streams.release(error instanceof ProtocolError && error.code !== "timeout" ? "refused" : "lost");
    } finally {
      this.#reader.stop();
      this.#streams.release("lost");
      connection.close();
    }
    await connection.closed;
  }

  /** Whether the peer may send what publishers send. */
  allowMedia(allowed: boolean): void {
    this.#reader.budget = budgetOf(this.context.limits, allowed);
  }

  /** Reads no further while a publisher waits for its answer and as much of its media is kept as may be. */
  throttle(): void {
    if (this.#streams.asking > 0 && this.#kept >= this.context.limits.askingBytes) this.connection.pause();
    else this.connection.resume();
  }

  /** Bytes kept of media that nobody has allowed yet. */
  get #kept(): number {
    return this.#streams.kept + (this.#streams.publishes ? 0 : this.#reader.partialBytes);
  }

  /** Once in a while: ends what stalls, pings who is silent. @param now of the hub's scheduler, or a little ahead of it */
  tick(now: number): void {
    const { limits } = this.context;
    if (this.#streams.active) {
      this.#deadline = Infinity;
    } else if (this.#deadline === Infinity) {
      this.#deadline = now + limits.setupMs;
    } else if (now >= this.#deadline) {
      return this.connection.fail(new ProtocolError("timeout", `${this.#step} took too long`));
    }
    if (this.connection.paused) {
      // It is we who do not read.
      this.#messageAt = now;
      this.#heardAt = now;
      return;
    }
    if (this.#messages !== this.#seenMessages) {
      this.#seenMessages = this.#messages;
      this.#messageAt = now;
    } else if (this.#reader.unfinished && now - this.#messageAt >= limits.stalledMessageMs) {
      return this.connection.fail(new ProtocolError("timeout", "a message was begun and not finished"));
    }
    this.#listen(now);
  }

  /** The server closes: says so on every stream and ends. @param within milliseconds for the peer to take it */
  shutDown(within: number): void {
    this.#streams.shutDown();
    this.#commands.shutDown();
    this.#reader.stop();
    this.connection.close(within);
  }

  /** Pings a silent peer. A publisher that does not answer is lost; players are judged by what they take. */
  #listen(now: number): void {
    const { pingMs } = this.context.limits;
    if (this.connection.received !== this.#seenBytes) {
      this.#seenBytes = this.connection.received;
      this.#heardAt = now;
      this.#pinged = false;
      return;
    }
    const silent = now - this.#heardAt;
    if (silent < pingMs || !this.#commands.connected) return;
    if (!this.#pinged) {
      this.#pinged = true;
      this.connection.write(userControl(UserControlEvent.pingRequest, Math.trunc(now) >>> 0));
    } else if (silent >= 2 * pingMs && this.#streams.publishes) {
      this.connection.fail(new ProtocolError("timeout", "the publisher is silent and answers no ping"));
    }
  }

  /** RTMP 1.0 section 5.2. What follows C2 in the same segment stays in the connection. */
  async #shakeHands(): Promise<void> {
    const connection = this.connection;
    const [version] = await connection.take(1);
    const foreign = await this.#foreign(version!);
    if (foreign === "http") connection.write(httpHint(this.context.webPages()));
    if (foreign === "proxy")
      throw new ProtocolError("wrong-protocol", `a PROXY header, and ${this.connection.address} is no trusted proxy`);
    if (foreign !== undefined) throw new ProtocolError("wrong-protocol", `${foreign} on the RTMP port`);
    const c1 = await connection.take(packetLength);
    const answer = answerHandshake(version!, c1);
    connection.write(answer.bytes);
    await connection.take(packetLength);
  }

  /** What is spoken in place of RTMP, if anything. */
  async #foreign(firstByte: number): Promise<ForeignProtocol | undefined> {
    if (firstByte !== proxyLine[0]) return foreignProtocol(firstByte);
    const more = await this.connection.take(proxyLine.length - 1);
    return sameBytes(more, proxyLine.subarray(1)) ? "proxy" : foreignProtocol(firstByte);
  }

  #message(message: Message): void {
    this.#messages += 1;
    const { type, body } = message;
    switch (type) {
      case MessageType.audio:
      case MessageType.video:
      case MessageType.dataAmf0:
      case MessageType.dataAmf3:
        return this.#streams.media(message);
      case MessageType.commandAmf0:
      case MessageType.commandAmf3:
        return this.#commands.handle(message.streamId, readCommand(type, body));
      case MessageType.aggregate:
        for (const part of splitAggregate(message)) this.#message(part);
        return;
      case MessageType.acknowledgement:
      case MessageType.userControl:
      case MessageType.windowAcknowledgementSize:
      case MessageType.setPeerBandwidth:
        return this.#control(type, body);
      default:
        // Shared objects, and what nobody has defined: nothing is lost by leaving them out.
        return;
    }
  }

  #control(type: number, body: Uint8Array): void {
    const control = readControl(type, body);
    switch (control.kind) {
      case "pingRequest":
        return this.connection.write(userControl(UserControlEvent.pingResponse, control.time));
      case "windowAcknowledgementSize":
        this.connection.window = control.bytes;
        return;
      case "setPeerBandwidth":
        // Section 5.4.5: answered with our window, where it is not the one we named last.
        if (control.bytes === this.#bandwidth) return;
        this.#bandwidth = control.bytes;
        return this.connection.write(windowAcknowledgementSize(control.bytes));
      case "setBufferLength":
        return this.#streams.setBuffer(control.streamId, control.milliseconds);
      case "acknowledgement":
      case "pingResponse":
      case "streamEvent":
      case "ignored":
        return;
    }
  }

  /** Writes the reason of a session's end to the log: the peer's mistake, or ours. */
  #explain(error: unknown): void {
    const { log } = this.context;
    const { received, end } = this.connection;
    if (received === 0 && end !== undefined && end !== "closed by us") {
      // A port scan, or a load balancer that looks whether we are there.
      log.debug(this.fields, "RTMP connection ended before its first byte");
    } else if (error instanceof ProtocolError) {
      log.warn({ ...this.fields, code: error.code, reason: error.message }, `RTMP session ended: ${error.message}`);
    } else {
      log.error({ ...this.fields, err: error }, "RTMP session ended by a fault of this server");
    }
  }
}

function budgetOf(limits: RtmpLimits, publishes: boolean): ChunkBudget {
  const { messageBytes, partialBytes, partialMessages, chunkStreams, setupMessageBytes, setupPartialBytes } = limits;
  const shared = { partialMessages, chunkStreams };
  if (publishes) return { ...shared, messageBytes, partialBytes };
  return { ...shared, messageBytes: setupMessageBytes, partialBytes: setupPartialBytes };
}
