import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { AmfValue } from "../../containers/flv/amf0.ts";
import type { Access, AccessQuestion } from "../../hub/access.ts";
import { streamAddress, type StreamAddress } from "../../hub/identity.ts";
import type { Hub } from "../../hub/hub.ts";
import type { Publication, PublicationEnd } from "../../hub/publication.ts";
import { Refusal } from "../../hub/refusal.ts";
import { joined } from "../../bytes/joined.ts";
import { Asking, type AskingOwner } from "./asking.ts";
import type { Command } from "./command.ts";
import type { ConnectRequest } from "./connect.ts";
import type { Connection } from "./connection.ts";
import { userControl, UserControlEvent } from "./control.ts";
import type { LogFields } from "./log.ts";
import type { Message } from "./message.ts";
import { type FileName, readFileName } from "./file-name.ts";
import { defaultBuffer, FilePlaying } from "./file-playing.ts";
import { type Player, Playing, type PlayingOwner, type PlayRequest } from "./playing.ts";
import { Publishing } from "./publishing.ts";
import { questionOf, requestedName } from "./question.ts";
import type { SessionContext } from "./session-context.ts";
import { status, StatusCode } from "./status.ts";

/** What a message stream does. */
type Role = Asking | Publishing | Player | "idle";

/** What message streams need of their session. */
export interface MessageStreamsOwner {
  readonly connection: Connection;
  readonly context: SessionContext;
  readonly fields: LogFields;
  /** Whether the peer may send what publishers send. */
  allowMedia(allowed: boolean): void;
  /** What is kept for publishers that wait for their answer has become less. */
  throttle(): void;
}

/** The message streams of one connection (RTMP 1.0 section 7.2.1.3 and 7.2.2): each asks to publish, publishes, plays or is idle. */
export class MessageStreams implements AskingOwner, PlayingOwner {
  readonly connection: Connection;
  readonly #owner: MessageStreamsOwner;
  readonly #roles = new Map<number, Role>();
  /** Milliseconds of media that players want ahead, where they said it. */
  readonly #buffers = new Map<number, number>();
  /** Somebody published: what publishers send has been allowed. */
  #published = false;
  /** `publish` commands since one was granted. */
  #publishes = 0;
  /** `play` commands since one came to play. */
  #plays = 0;

  constructor(owner: MessageStreamsOwner) {
    this.#owner = owner;
    this.connection = owner.connection;
  }

  get hub(): Hub {
    return this.#owner.context.hub;
  }

  get access(): Access {
    return this.#owner.context.access;
  }

  admit(): () => void {
    return this.#owner.context.admit();
  }

  /** Publishers that wait for the answer whether they may. */
  get asking(): number {
    let count = 0;
    for (const role of this.#roles.values()) if (role instanceof Asking) count += 1;
    return count;
  }

  /** Bytes kept for them. */
  get kept(): number {
    let bytes = 0;
    for (const role of this.#roles.values()) if (role instanceof Asking) bytes += role.bytes;
    return bytes;
  }

  /** Some stream publishes, plays or waits to. */
  get active(): boolean {
    for (const role of this.#roles.values()) if (role !== "idle") return true;
    return false;
  }

  get publishes(): boolean {
    for (const role of this.#roles.values()) if (role instanceof Publishing) return true;
    return false;
  }

  /**
   * Hands media and data on to who publishes on their message stream, or wants to; from anybody else they mean nothing.
   *
   * @throws {ProtocolError} if the body is not what its type says
   */
  media(message: Message): void {
    const role = this.#roles.get(message.streamId);
    if (role instanceof Publishing || role instanceof Asking) role.message(message);
  }

  /** Whoever plays on a message stream. */
  playing(streamId: number): Player | undefined {
    const role = this.#roles.get(streamId);
    return role === undefined || role === "idle" || role instanceof Publishing || role instanceof Asking ? undefined : role;
  }

  /** The same where it is a file. */
  playingFile(streamId: number): FilePlaying | undefined {
    const role = this.#roles.get(streamId);
    return role instanceof FilePlaying ? role : undefined;
  }

  /** Set Buffer Length. @param buffer milliseconds */
  setBuffer(streamId: number, buffer: number): void {
    if (!this.#roles.has(streamId)) return;
    this.#buffers.set(streamId, buffer);
    this.playingFile(streamId)?.ahead(buffer);
  }

  /** `createStream`: the lowest free id, from 1; some encoders take 1 for granted. */
  create(): number {
    let id = 1;
    while (this.#roles.has(id)) id += 1;
    this.#admit(id);
    return id;
  }

  /**
   * `publish` (section 7.2.2.6): name, type. No name, or false, stops; an empty one says that all of it is in `app`.
   *
   * @throws {ProtocolError} for a name that is none, or a second publish
   */
  publish(streamId: number, request: Command, connect: ConnectRequest): void {
    this.#admit(streamId);
    const name = request.args[0] ?? false;
    const before = this.#roles.get(streamId);
    const running = before instanceof Publishing || before instanceof Asking;
    if (running && (name === false || name === "")) return this.stop(streamId);
    if (typeof name !== "string") throw new ProtocolError("malformed", `publish with ${describe(name)} for a name`);
    if (running) throw new ProtocolError("order", "publish twice on one message stream");
    this.stop(streamId);
    const { publishesInVain } = this.#owner.context.limits;
    if (++this.#publishes > publishesInVain) throw new ProtocolError("limit", `more than ${publishesInVain} publishes in vain`);
    let question: AccessQuestion;
    try {
      question = questionOf(connect, addressOn(connect, name), this.connection.address);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#noteRefusal(error, requestedName(connect.app, name), connect.agent);
      return this.#tellRefusal(streamId, name, error);
    }
    const asking = new Asking(streamId, question, publishType(request.args[1]), this);
    this.#roles.set(streamId, asking);
    this.#owner.allowMedia(true);
    void asking.start();
  }

  /**
   * `play` (section 7.2.2.1): name, start, duration, reset.
   *
   * @throws {ProtocolError} for a name that is none, or one name after another that nobody publishes
   */
  play(streamId: number, request: Command, connect: ConnectRequest): void {
    this.#admit(streamId);
    const { playsInVain } = this.#owner.context.limits;
    if (++this.#plays > playsInVain) throw new ProtocolError("limit", `more than ${playsInVain} plays in vain`);
    const [name, start, , reset] = request.args;
    if (typeof name !== "string") throw new ProtocolError("malformed", `play with ${describe(name)} for a name`);
    const file = readFileName(connect.app, name);
    if (file !== undefined) return this.#playFile(streamId, file, request, connect);
    this.stop(streamId);
    try {
      const address = addressOn(connect, name);
      const question = questionOf(connect, address, this.connection.address);
      // From a position of 0 or more: of a recording, and there are none here, or of what is live this moment.
      const wait = typeof start === "number" && start >= 0 ? 0 : this.#owner.context.waitForPublisher;
      const wanted = { streamId, question, wait, reset: reset !== false && reset !== 0, variant: variantOf(connect, address) } as const;
      const playing = new Playing(wanted, this);
      this.#roles.set(streamId, playing);
      void playing.start();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.connection.write(status(streamId, StatusCode.playNotFound, error.message, { details: name }));
    }
  }

  /** A file; without `reset` after those that play already. */
  #playFile(streamId: number, file: FileName, { args }: Command, connect: ConnectRequest): void {
    const [, start, length, reset] = args;
    const running = this.playingFile(streamId);
    const isAppended = running !== undefined && (reset === false || reset === 0);
    const request = {
      streamId,
      question: questionOf(connect, file, this.connection.address),
      reset: reset !== false && reset !== 0,
      kind: file.kind,
      start: typeof start === "number" && start > 0 ? start : 0,
      length: typeof length === "number" && length >= 0 ? Math.max(1, length) : Infinity,
      variant: variantOf(connect, file),
    };
    if (isAppended) return running.append(request);
    this.stop(streamId);
    const playing = new FilePlaying(request, this.#owner.context.files, this, this.#buffers.get(streamId) ?? defaultBuffer);
    this.#roles.set(streamId, playing);
    void playing.start();
  }

  /** `closeStream`, and whatever else ends what a message stream does: it may be used again. */
  stop(streamId: number): void {
    const role = this.#roles.get(streamId);
    if (role === undefined || role === "idle") return;
    this.#roles.set(streamId, "idle");
    const { context, fields } = this.#owner;
    if (role instanceof Asking) {
      role.stop();
      return this.#answered();
    }
    if (!(role instanceof Publishing)) {
      role.stop();
      context.log.info({ ...fields, stream: role.granted, reason: "the player stopped" }, "RTMP player ended");
      return;
    }
    role.publication.close("unpublished");
    context.log.info({ ...fields, stream: role.stream, reason: "unpublished" }, "RTMP publisher ended");
    this.connection.write(status(streamId, StatusCode.unpublishSuccess, `${role.asked} is unpublished.`, { details: role.asked }));
  }

  /** `deleteStream` (section 7.2.2.3). GStreamer gives the stream's name in place of its id. */
  delete(which: AmfValue, connect: ConnectRequest): void {
    const streamId = typeof which === "number" ? which : this.#publisherOf(which, connect);
    if (streamId === undefined) return;
    this.stop(streamId);
    this.#roles.delete(streamId);
    this.#buffers.delete(streamId);
  }

  /** `FCUnpublish`: comes on stream 0 and means a publisher by the name it gave. */
  unpublish(name: AmfValue, connect: ConnectRequest): void {
    const streamId = this.#publisherOf(name, connect);
    if (streamId !== undefined) this.stop(streamId);
  }

  /** Ends all without a word: the connection is gone, or about to go. */
  release(end: PublicationEnd): void {
    const roles = [...this.#roles.values()];
    this.#roles.clear();
    for (const role of roles) {
      if (role instanceof Publishing) role.publication.close(end);
      else if (role !== "idle") role.stop();
    }
  }

  /** Tells every stream that the server closes, and ends it. */
  shutDown(): void {
    for (const [streamId, role] of this.#roles) {
      if (role === "idle") continue;
      if (role instanceof Asking) this.connection.write(status(streamId, StatusCode.publishDenied, "This server is closing."));
      else if (!(role instanceof Publishing)) role.shutDown();
      else this.connection.write(status(streamId, StatusCode.unpublishSuccess, "This server is closing."));
    }
    this.release("closing");
  }

  granted(asking: Asking, stream: string, publication: Publication): void {
    const { streamId, asked } = asking;
    const publishing = new Publishing(asked, stream, publication);
    this.#roles.set(streamId, publishing);
    this.#published = true;
    this.#publishes = 0;
    publication.signal.addEventListener("abort", () => this.#publicationEnded(streamId, publication.end), { once: true });
    const begin = userControl(UserControlEvent.streamBegin, streamId);
    this.connection.write(joined([begin, status(streamId, StatusCode.publishStart, `Publishing ${asked}.`, { details: asked })]));
    const { context, fields } = this.#owner;
    context.log.info({ ...fields, stream, encoder: publication.info.encoder }, "RTMP publisher started");
    for (const message of asking.take()) publishing.message(message);
    this.#answered();
  }

  refused(asking: Asking, refusal: Refusal, stream: string | undefined): void {
    const { streamId, asked } = asking;
    this.#roles.set(streamId, "idle");
    // What access refuses is logged there, for all protocols alike.
    if (stream !== undefined) this.#noteRefusal(refusal, asked, asking.client, stream);
    this.#tellRefusal(streamId, asked, refusal.askedAs(asked, stream ?? asked));
    this.#answered();
  }

  started({ granted }: Player): void {
    this.#plays = 0;
    const { context, fields } = this.#owner;
    context.log.info({ ...fields, stream: granted }, "RTMP player started");
  }

  ended(playing: Player, why: string, closing: boolean): void {
    const { streamId } = playing;
    if (this.#roles.get(streamId) === playing) this.#roles.set(streamId, "idle");
    const { context, fields } = this.#owner;
    context.log.info({ ...fields, stream: playing.granted, reason: why }, "RTMP player ended");
    if (closing) this.connection.close();
  }

  failed(error: unknown): void {
    this.connection.fail(error);
  }

  /** Logs a refusal that is not access's, and hands it on. @param stream the name that was granted, where one was */
  #noteRefusal(refusal: Refusal, asked: string, client: string, stream?: string): void {
    const { context, fields } = this.#owner;
    const { code, message } = refusal;
    context.log.warn({ ...fields, ...(stream !== undefined && { stream }), code, reason: message }, "RTMP publisher refused");
    context.onRefused({ stream: stream ?? asked, address: this.connection.address, client }, refusal);
  }

  #tellRefusal(streamId: number, asked: string, { code, message }: Refusal): void {
    const bad = code === "busy" || code === "name-refused";
    this.connection.write(status(streamId, bad ? StatusCode.publishBadName : StatusCode.publishDenied, message, { details: asked }));
  }

  /** A publisher has had its answer, or does not wait for it any more. */
  #answered(): void {
    this.#owner.allowMedia(this.#published || this.asking > 0);
    this.#owner.throttle();
  }

  /** Makes a message stream known, also one that a client uses without having asked for it. */
  #admit(id: number): void {
    if (this.#roles.has(id)) return;
    if (id === 0) throw new ProtocolError("order", "a stream command on message stream 0");
    const { messageStreams } = this.#owner.context.limits;
    if (this.#roles.size >= messageStreams) throw new ProtocolError("limit", `more than ${messageStreams} message streams`);
    this.#roles.set(id, "idle");
  }

  /** The hub ended a publication: told apart from our own doing by the role, which we drop first. */
  #publicationEnded(streamId: number, end: PublicationEnd | undefined): void {
    const publishing = this.#roles.get(streamId);
    if (!(publishing instanceof Publishing) || publishing.publication.end === undefined) return;
    this.#roles.set(streamId, "idle");
    const { context, fields } = this.#owner;
    context.log.info({ ...fields, stream: publishing.stream, reason: end }, "RTMP publisher ended");
    const replaced = end === "replaced";
    const words = replaced ? "Another publisher has taken over." : "This server is closing.";
    const code = replaced ? StatusCode.publishBadName : StatusCode.unpublishSuccess;
    this.connection.write(status(streamId, code, words, { details: publishing.asked }));
    // The newcomer may be another message stream of this very connection, which is told in this turn that it publishes.
    queueMicrotask(() => {
      if (!replaced || !this.active) this.connection.close();
    });
  }

  #publisherOf(name: AmfValue, connect: ConnectRequest): number | undefined {
    if (typeof name !== "string") return undefined;
    const identity = identityOn(connect, name);
    for (const [streamId, role] of this.#roles) {
      if ((role instanceof Publishing || role instanceof Asking) && role.asked === identity) return streamId;
    }
    return undefined;
  }
}

/** How a player is sent what it asked for. */
function variantOf({ objectEncoding }: ConnectRequest, { params }: StreamAddress): PlayRequest["variant"] {
  return { signalling: params.get("hevc") === "legacy" ? "legacy" : "enhanced", data: objectEncoding === 3 ? "amf3" : "amf0" };
}

/** The stream that a name means on a connection. @throws {Refusal} if it cannot be one */
function addressOn(connect: ConnectRequest, name: string): StreamAddress {
  return streamAddress(connect.app, name);
}

function identityOn(connect: ConnectRequest, name: string): string | undefined {
  try {
    return addressOn(connect, name).name;
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

/** `live`, `record` or `append`; of any other nothing is known. */
function publishType(value: AmfValue): "record" | "append" | undefined {
  return value === "record" || value === "append" ? value : undefined;
}

function describe(value: AmfValue): string {
  return value === null || value === undefined ? "nothing" : `a ${typeof value}`;
}
