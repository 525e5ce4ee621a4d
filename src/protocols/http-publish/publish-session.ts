import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { Access, AccessQuestion } from "../../hub/access.ts";
import type { Hub } from "../../hub/hub.ts";
import { Intake, type IntakeSource } from "../../hub/intake.ts";
import type { Publication, PublicationEnd } from "../../hub/publication.ts";
import { Refusal } from "../../hub/refusal.ts";
import type { Demuxer, FrameSink } from "../../media/demuxer.ts";

/** What somebody wants to publish, and as what it comes. */
export interface PublishRequest {
  /** What is to be decided before a byte is taken. */
  readonly question: AccessQuestion;
  /** Makes what takes the bytes apart. */
  readonly demuxer: (sink: FrameSink) => Demuxer;
  /** Media that come faster than they play, a file's for example, are slowed down to their own pace. */
  readonly paced: boolean;
  /** It takes over from nobody who is there, even from one that looks like itself. */
  readonly isExclusive?: boolean;
}

/** Milliseconds. */
export interface PublishTimes {
  /** A publisher of whom nothing has come for so long is given up. */
  readonly stall: number;
  /** Media may come so much ahead of their time before they are slowed down. */
  readonly ahead: number;
}

/** What all publishers share. */
export interface PublishContext {
  /** The way for logs: `HTTP`. */
  readonly title: string;
  readonly hub: Hub;
  /** Decides who may publish. */
  readonly access: Access;
  readonly times: PublishTimes;
  /** Told of publishers that are refused, except by access. */
  readonly onRefused: (question: AccessQuestion, refusal: Refusal) => void;
  /** Told when a publisher comes and goes, and of faults. */
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
}

/** Lateness that is caught up before media go on from where they are, in milliseconds: a network's trouble ends before. */
const tolerance = 10_000;
/** A step forward of more than this is a cut, in milliseconds, as it is to the timeline. */
const cut = 3000;

/** One publisher, from when it was let in to its end: what is the same however its bytes come. */
export class PublishSession {
  readonly publication: Publication;
  readonly #context: PublishContext;
  readonly #request: PublishRequest;
  readonly #fields: object;
  readonly #since: number;
  #intake: Intake | undefined;
  #source: IntakeSource | undefined;
  #received = 0;
  #goodEnd: PublicationEnd = "unpublished";
  #heardAt: number;
  #cancelWatch: (() => void) | undefined;
  #over: ((error: unknown) => void) | undefined;

  /**
   * Asks whether it may, and takes the name.
   *
   * @param signal aborted when the peer has left
   * @throws {Refusal} in words that know the name that was asked for
   */
  static async open(context: PublishContext, request: PublishRequest, signal: AbortSignal): Promise<PublishSession> {
    const { access, hub } = context;
    const { question } = request;
    const since = hub.scheduler.now();
    const { stream } = await access.publish({ ...question, signal });
    signal.throwIfAborted();
    try {
      const { protocol, address, client } = question;
      const publication = hub.publish(stream, { protocol, address, encoder: client }, request.isExclusive !== true);
      return new PublishSession(context, request, publication, stream, since);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // What access refuses is logged there, for all protocols alike.
      context.log.warn({ ...facts(question), stream, code: error.code, reason: error.message }, `${context.title} publisher refused`);
      context.onRefused({ ...question, stream }, error);
      throw error.askedAs(question.stream, stream);
    }
  }

  private constructor(context: PublishContext, request: PublishRequest, publication: Publication, stream: string, since: number) {
    this.#context = context;
    this.#request = request;
    this.publication = publication;
    this.#fields = { ...facts(request.question), stream };
    this.#since = since;
    this.#heardAt = context.hub.scheduler.now();
    publication.signal.addEventListener("abort", () => this.#endedByOthers(), { once: true });
    context.log.info(this.#fields, `${context.title} publisher started`);
  }

  /** Bytes that have come. */
  get received(): number {
    return this.#received;
  }

  /**
   * Begins to take what comes, or goes on to with another connection.
   *
   * @param over called once when the session has ended: with nothing where all was taken, else with a `ProtocolError` (what was sent, or
   *   that nothing was), a `Refusal` (`busy`: somebody took over; `closing`) or a fault of ours. Not after `lose`
   */
  attach(source: IntakeSource, over: (error: unknown) => void): void {
    this.#source = source;
    this.#over = over;
    this.#heardAt = this.#context.hub.scheduler.now();
    if (this.#intake === undefined) this.#begin();
  }

  /** Nothing comes until `attach` is called again, and that is no stall. @param over called once if it ends before */
  rest(over: (error: unknown) => void): void {
    this.#source = undefined;
    this.#over = over;
  }

  #begin(): void {
    const { hub, times } = this.#context;
    const { demuxer, paced } = this.#request;
    const { publication } = this;
    const pace = paced ? { ahead: times.ahead, tolerance, cut, since: this.#since } : undefined;
    const source = { pause: () => this.#source?.pause(), resume: () => this.#source?.resume() };
    const over = (error: unknown): void => (error === undefined ? this.#end(this.#goodEnd, undefined) : this.fail(error));
    this.#intake = new Intake({ publication, demuxer, scheduler: hub.scheduler, pace, source, over });
    this.#watch(times.stall);
  }

  /** @param bytes given away */
  push(bytes: Uint8Array): void {
    this.#heardAt = this.#context.hub.scheduler.now();
    this.#received += bytes.length;
    this.#intake?.push(bytes);
  }

  /** Calls back when all that has come was taken, and more may come. */
  whenTaken(taken: () => void): void {
    this.#intake?.whenTaken(taken);
  }

  /** All has come. @param end what that means: with some ways to send, it may as well be that the connection was lost */
  finish(end: "unpublished" | "lost" = "unpublished"): void {
    this.#goodEnd = end;
    this.#intake?.end();
  }

  /** Nothing has come for too long. */
  stall(): void {
    this.fail(new ProtocolError("timeout", `nothing came for ${this.#context.times.stall / 1000} s`));
  }

  /** Ends it for a reason of its connection's. @param error undefined where its publisher wants that */
  fail(error: unknown): void {
    this.#end(error === undefined ? "unpublished" : endAfter(error), error);
  }

  /** The connection is gone: nobody is to be told. */
  lose(): void {
    this.#over = undefined;
    this.#end("lost", undefined);
  }

  #end(end: PublicationEnd, error: unknown): void {
    if (this.publication.end !== undefined) return;
    const over = this.#over;
    this.#over = undefined;
    this.#release();
    this.publication.close(end);
    this.#log(end, error);
    over?.(error);
  }

  #endedByOthers(): void {
    const over = this.#over;
    if (over === undefined) return;
    this.#over = undefined;
    this.#release();
    const isClosing = this.publication.end === "closing";
    this.#log(this.publication.end ?? "lost", undefined);
    over(isClosing ? new Refusal("closing", "This server is closing.") : new Refusal("busy", "Another publisher has taken over."));
  }

  #release(): void {
    this.#cancelWatch?.();
    this.#intake?.stop();
  }

  #log(end: PublicationEnd, error: unknown): void {
    const fields = { ...this.#fields, bytes: this.#received, reason: end };
    const { log, title } = this.#context;
    if (error === undefined) log.info(fields, `${title} publisher ended`);
    else if (error instanceof ProtocolError) log.warn({ ...fields, code: error.code, error: error.message }, `${title} publisher ended`);
    else log.error({ ...fields, err: error }, `${title} publisher failed`);
  }

  /** Gives it up when nothing has come for too long. While it is held back, or rests, it may well be silent. */
  #watch(within: number): void {
    const { hub, times } = this.#context;
    this.#cancelWatch = hub.scheduler.after(within, () => {
      const now = hub.scheduler.now();
      if (this.#source === undefined || this.#intake?.isHolding === true) this.#heardAt = now;
      const left = this.#heardAt + times.stall - now;
      if (left > 0) return this.#watch(Math.ceil(left));
      this.stall();
    });
  }
}

/** What the log may know of who asks. */
function facts({ address, client }: AccessQuestion): object {
  return { address, encoder: client };
}

function endAfter(error: unknown): PublicationEnd {
  return error instanceof ProtocolError && error.code !== "truncated" && error.code !== "timeout" ? "refused" : "lost";
}
