import type { Access, AccessQuestion } from "../../hub/access.ts";
import type { Hub } from "../../hub/hub.ts";
import type { Publication, PublisherInfo } from "../../hub/publication.ts";
import { Refusal } from "../../hub/refusal.ts";
import type { Message } from "./message.ts";

/** What keeping a message costs besides its body. Bytes. */
const perMessage = 256;

/** What a publisher that asks needs of its session. */
export interface AskingOwner {
  readonly hub: Hub;
  readonly access: Access;
  /** It may, and publishes `stream` now. @throws {ProtocolError} for media that came meanwhile and are none */
  granted(asking: Asking, stream: string, publication: Publication): void;
  /** It may not. `stream` is what access granted, where it was the hub that refused. */
  refused(asking: Asking, refusal: Refusal, stream: string | undefined): void;
  /** Something failed that is no refusal. */
  failed(error: unknown): void;
}

/**
 * One message stream whose publisher waits for the answer whether it may. Encoders that do not wait send media
 * meanwhile: these are kept, and handed on when it publishes. How much is for the session to bound, by reading no further.
 */
export class Asking {
  readonly streamId: number;
  readonly #question: AccessQuestion;
  readonly #type: PublisherInfo["publishType"];
  readonly #owner: AskingOwner;
  readonly #abort = new AbortController();
  #kept: Message[] = [];
  #bytes = 0;

  constructor(streamId: number, question: AccessQuestion, type: PublisherInfo["publishType"], owner: AskingOwner) {
    this.streamId = streamId;
    this.#question = question;
    this.#type = type;
    this.#owner = owner;
  }

  /** The identity that is asked for. May be a secret: not for logs. */
  get asked(): string {
    return this.#question.stream;
  }

  /** What the encoder calls itself. */
  get client(): string {
    return this.#question.client;
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Asks, and publishes where that is granted. Tells the owner, unless it was stopped. */
  async start(): Promise<void> {
    const { hub, access } = this.#owner;
    const { address, protocol, client } = this.#question;
    const info = { protocol, address, encoder: client, ...(this.#type && { publishType: this.#type }) };
    const { signal } = this.#abort;
    let stream: string | undefined;
    try {
      ({ stream } = await access.publish({ ...this.#question, signal }));
      if (!signal.aborted) this.#owner.granted(this, stream, hub.publish(stream, info));
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refusal) this.#owner.refused(this, error, stream);
      else this.#owner.failed(error);
    }
  }

  /** Keeps a message. Its body is copied: a view of a few bytes would keep all that was read with it. */
  message(message: Message): void {
    this.#bytes += message.body.length + perMessage;
    this.#kept.push({ ...message, body: message.body.slice() });
  }

  /** What was kept, in the order in which it came; it is kept no longer. */
  take(): readonly Message[] {
    const kept = this.#kept;
    this.#kept = [];
    this.#bytes = 0;
    return kept;
  }

  /** Nobody wants the answer any more. */
  stop(): void {
    this.take();
    this.#abort.abort();
  }
}
