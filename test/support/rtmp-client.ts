import { connect as connectSocket, type Socket } from "node:net";
import { once } from "node:events";
import { amfObject, amfProperties, decodeAmf0All, encodeAmf0, type AmfValue } from "../../src/containers/flv/amf0.ts";
import { ChunkReader } from "../../src/protocols/rtmp/chunk-reader.ts";
import { chunkedMessage } from "../../src/protocols/rtmp/chunk-writer.ts";
import { amfBody, readCommand, type Command } from "../../src/protocols/rtmp/command.ts";
import { setChunkSize } from "../../src/protocols/rtmp/control.ts";
import type { DigestScheme } from "../../src/protocols/rtmp/handshake-digest.ts";
import { ClientHandshake, packetLength } from "../../src/protocols/rtmp/handshake.ts";
import { MessageType, sentChunkSize, type Message } from "../../src/protocols/rtmp/message.ts";

/** What a client may hold; a test's server is trusted. */
const budget = { messageBytes: 0xffffff, partialBytes: 1 << 26, partialMessages: 64, chunkStreams: 64 };

/** Milliseconds after which a test that waits for a message has failed. */
const patience = 5_000;

export interface RtmpClientOptions {
  readonly host?: string;
  /** Digest scheme of the handshake; simple if not given. */
  readonly scheme?: DigestScheme;
  /** What a proxy puts before the client's own bytes. */
  readonly before?: Uint8Array;
}

/** An onStatus, or another call of the server's. */
export interface Heard extends Command {
  readonly streamId: number;
}

/**
 * A small RTMP client for tests: says what it is told to, keeps all messages it hears (own copies), and waits for
 * them by description. It answers nothing by itself.
 */
export class RtmpClient implements Disposable {
  readonly socket: Socket;
  /** All messages since the handshake. */
  readonly messages: Message[] = [];
  /** Resolves when the server has closed the connection. */
  readonly closed: Promise<void>;
  /** Told of every message as it comes. */
  onMessage: (message: Message) => void = () => undefined;
  #transaction = 0;
  #waiters: (() => void)[] = [];
  #over = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.#over = true;
        this.#wake();
        resolve();
      });
    });
  }

  /** Connects and shakes hands. */
  static async connect(port: number, options: RtmpClientOptions = {}): Promise<RtmpClient> {
    const socket = connectSocket({ port, host: options.host ?? "127.0.0.1", noDelay: true });
    const client = new RtmpClient(socket);
    await once(socket, "connect");
    const handshake = new ClientHandshake(options.scheme);
    if (options.before) socket.write(options.before);
    socket.write(handshake.hello);
    const answer = await readExactly(socket, 1 + 2 * packetLength);
    socket.write(handshake.answer(answer));
    const reader = new ChunkReader(budget, (message) => client.#hear(message));
    socket.on("data", (data: Buffer) => reader.push(Uint8Array.from(data)));
    socket.resume();
    return client;
  }

  /** Sends bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Sends a message in chunks of 65536 bytes; `connectApp` has announced them. */
  send(chunkStreamId: number, type: number, timestamp: number, streamId: number, body: Uint8Array): void {
    this.raw(chunkedMessage(chunkStreamId, { type, timestamp, streamId, body }));
  }

  /** Sends a command without waiting. Returns its transaction id. */
  command(streamId: number, name: string, ...values: readonly AmfValue[]): number {
    const id = ++this.#transaction;
    this.send(3, MessageType.commandAmf0, 0, streamId, encodeAmf0(name, id, ...values));
    return id;
  }

  /** Sends a command on stream 0 and waits for its `_result` or `_error`. */
  async call(name: string, ...values: readonly AmfValue[]): Promise<Heard> {
    const id = this.command(0, name, ...values);
    return this.heard((heard) => heard.transactionId === id && (heard.name === "_result" || heard.name === "_error"));
  }

  /** Announces the chunk size and connects to an app. */
  async connectApp(app: string, more: { readonly [key: string]: AmfValue } = {}): Promise<Heard> {
    this.raw(setChunkSize(sentChunkSize));
    return this.call("connect", amfObject({ app, tcUrl: `rtmp://127.0.0.1/${app}`, flashVer: "millrace-test", ...more }));
  }

  /** A new message stream. */
  async createStream(): Promise<number> {
    const { args } = await this.call("createStream", null);
    return Number(args[0]);
  }

  /** Publishes; resolves with the message stream once the server has said Publish.Start. */
  async publish(app: string, name: string, type = "live"): Promise<number> {
    await this.connectApp(app);
    const streamId = await this.createStream();
    this.command(streamId, "publish", null, name, type);
    await this.status("NetStream.Publish.Start");
    return streamId;
  }

  /** Plays; resolves with the message stream once the server has said Play.Start. */
  async play(app: string, name: string): Promise<number> {
    await this.connectApp(app);
    const streamId = await this.createStream();
    this.command(streamId, "play", null, name, -2);
    await this.status("NetStream.Play.Start");
    return streamId;
  }

  /** The first message so described that came, or comes, from index `from` on. */
  async message(wanted: (message: Message) => boolean, from = 0): Promise<Message> {
    const deadline = Date.now() + patience;
    for (let at = from; ; at++) {
      while (at >= this.messages.length) {
        if (this.#over) throw new Error("the server closed the connection");
        if (Date.now() > deadline) throw new Error(`not heard in time; heard: ${this.describe()}`);
        await this.#more(deadline - Date.now());
      }
      if (wanted(this.messages[at]!)) return this.messages[at]!;
    }
  }

  /** The first command so described. */
  async heard(wanted: (heard: Heard) => boolean): Promise<Heard> {
    let found: Heard | undefined;
    await this.message((message) => {
      if (message.type !== MessageType.commandAmf0) return false;
      const heard = { ...readCommand(message.type, message.body), streamId: message.streamId };
      if (wanted(heard)) found = heard;
      return found !== undefined;
    });
    return found!;
  }

  /** The first onStatus with this code. */
  status(code: string): Promise<Heard> {
    return this.heard((heard) => heard.name === "onStatus" && statusCode(heard) === code);
  }

  /** Codes of all onStatus so far. */
  get codes(): string[] {
    const heard = this.messages.filter((message) => message.type === MessageType.commandAmf0).map((m) => readCommand(m.type, m.body));
    return heard.filter(({ name }) => name === "onStatus").map(statusCode);
  }

  /** Messages of one type. */
  of(type: number): Message[] {
    return this.messages.filter((message) => message.type === type);
  }

  /** The values of a data message. */
  static values(message: Message): AmfValue[] {
    return decodeAmf0All(amfBody(message.type, message.body));
  }

  describe(): string {
    return this.messages.map((message) => `${message.type}/${message.streamId}`).join(" ") || "nothing";
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #hear(message: Message): void {
    this.messages.push(message);
    this.onMessage(message);
    this.#wake();
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }

  #more(within: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, within);
      this.#waiters.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

/** The code in an onStatus, or "". */
export function statusCode(heard: Command): string {
  const code = amfProperties(heard.args[0])?.["code"];
  return typeof code === "string" ? code : "";
}

/** Reads so many bytes; what came with them is put back, and the socket is left paused. */
async function readExactly(socket: Socket, length: number): Promise<Uint8Array> {
  for (;;) {
    const bytes: Buffer | null = socket.read(length) as Buffer | null;
    if (bytes !== null && bytes.length === length) return bytes;
    if (bytes !== null) throw new Error(`the server closed after ${bytes.length} bytes of its handshake`);
    await once(socket, "readable");
    if (socket.readableEnded || socket.destroyed) throw new Error("the server closed in the handshake");
  }
}
