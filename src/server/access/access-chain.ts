import type { Access, AccessRequest, Grant } from "../../hub/access.ts";
import { Refusal } from "../../hub/refusal.ts";
import type { Scheduler } from "../../hub/scheduler.ts";

/** What is asked for. */
export const Intent = { publish: "publish", play: "play" } as const;
export type Intent = (typeof Intent)[keyof typeof Intent];

/** One who has a say in who may publish or play. All that have are asked, in order. */
export interface AccessStep {
  /** Whether it has a say at this moment. Publishers of whom nobody decides are refused, unless `auth` is off. */
  decides(intent: Intent): boolean;
  /**
   * Decides about one request; `request.stream` is what the steps before granted.
   *
   * @returns the identity to go on with, which may be another
   * @throws {Refusal} whose words the peer is told; anything else is a fault: logged, and refused in neutral words
   */
  decide(intent: Intent, request: AccessRequest): Promise<Grant>;
}

/** Somebody was told no. */
export interface RefusedRequest {
  readonly intent: Intent;
  /** As the protocol asked. Its `stream`, `key`, `query` and `headers` may hold secrets. */
  readonly request: AccessRequest;
  readonly refusal: Refusal;
}

export interface AccessChainOptions {
  /** Asked in this order. */
  readonly steps: readonly AccessStep[];
  /** Nobody may publish of whom no step decides. */
  readonly auth: boolean;
  /** Milliseconds for all steps together to answer one request. */
  readonly timeout: number;
  /** Requests that may wait for their answer at one time. */
  readonly maxPending: number;
  readonly scheduler: Scheduler;
  readonly log: { error(fields: object, message: string): void };
  /** Told of every refusal, except where the peer has left. */
  readonly onRefused: (refused: RefusedRequest) => void;
}

/** A request that waits for its answer. */
interface Pending {
  /** Tells the peer and the steps that it is over. */
  giveUp(reason: Error): void;
  /** Ends the wait for time. */
  cancel(): void;
}

/** Asks its steps one after the other, within bounds of time and number. It fails closed. */
export class AccessChain implements Access {
  readonly #options: AccessChainOptions;
  readonly #pending = new Set<Pending>();
  #closed = false;

  constructor(options: AccessChainOptions) {
    this.#options = options;
  }

  /** Requests that wait for their answer now, those included whose peer has left while a step still thinks. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Everybody may publish and watch. */
  get open(): boolean {
    const { auth, steps } = this.#options;
    return !auth && !steps.some((step) => step.decides(Intent.publish) || step.decides(Intent.play));
  }

  publish(request: AccessRequest): Promise<Grant> {
    return this.#ask(Intent.publish, request);
  }

  play(request: AccessRequest): Promise<Grant> {
    return this.#ask(Intent.play, request);
  }

  /** Refuses whoever waits, and all who come later: the server is closing. */
  close(): void {
    this.#closed = true;
    for (const pending of this.#pending) {
      pending.giveUp(closing());
      pending.cancel();
    }
    this.#pending.clear();
  }

  async #ask(intent: Intent, request: AccessRequest): Promise<Grant> {
    try {
      return await this.#answer(intent, request);
    } catch (error) {
      const refusal = error instanceof Refusal ? error : this.#fault(intent, request, error);
      if (!request.signal.aborted) this.#options.onRefused({ intent, request, refusal });
      throw refusal;
    }
  }

  async #answer(intent: Intent, request: AccessRequest): Promise<Grant> {
    const { steps, auth, maxPending } = this.#options;
    if (this.#closed) throw closing();
    const deciding = steps.filter((step) => step.decides(intent));
    if (deciding.length === 0) {
      if (intent === Intent.publish && auth) throw this.#nobodyDecides(request);
      return { stream: request.stream };
    }
    if (this.#pending.size >= maxPending) throw new Refusal("full", "This server is busy letting others in. Try again in a moment.");
    return this.#wait(intent, request, deciding);
  }

  /**
   * Runs the steps. It is over when they are, when the peer leaves, or when time is up; but its place among the pending
   * is kept while a step still thinks and has time left, so that peers who come and go cannot pile up work.
   */
  #wait(intent: Intent, request: AccessRequest, steps: readonly AccessStep[]): Promise<Grant> {
    const { scheduler, timeout } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<Grant>();
    const abort = new AbortController();
    const pending: Pending = {
      giveUp(reason) {
        reject(reason);
        abort.abort(reason);
      },
      cancel: scheduler.after(timeout, () => {
        this.#pending.delete(pending);
        pending.giveUp(new Error(`no answer within ${timeout} ms`));
      }),
    };
    this.#pending.add(pending);
    const left = (): void => pending.giveUp(new Refusal("denied", "The request was given up."));
    request.signal.addEventListener("abort", left, { once: true });
    if (request.signal.aborted) left();
    const settled = (): void => {
      pending.cancel();
      this.#pending.delete(pending);
    };
    void walk(intent, { ...request, signal: abort.signal }, steps)
      .then(resolve, reject)
      .finally(settled);
    return promise.finally(() => request.signal.removeEventListener("abort", left));
  }

  #fault(intent: Intent, request: AccessRequest, error: unknown): Refusal {
    if (!request.signal.aborted) this.#options.log.error({ ...facts(request), err: error }, `nobody could decide who may ${intent}`);
    const may = intent === Intent.publish ? "publish here" : "watch this stream";
    return new Refusal("denied", `This server could not find out whether you may ${may}. Try again, or ask whoever runs it.`);
  }

  #nobodyDecides(request: AccessRequest): Refusal {
    this.#options.log.error(
      facts(request),
      "a publisher was refused, because this server does not know who may publish: give it a publishKey or a hook with onPublish(), or set auth: false to let everybody",
    );
    return new Refusal(
      "denied",
      "This server has not been told who may publish: its program needs a publishKey, a hook onPublish, or auth: false.",
    );
  }
}

/** What the log may know of a request. */
export function facts({ protocol, address, client }: AccessRequest): { readonly [key: string]: string } {
  return { protocol, address, client };
}

async function walk(intent: Intent, request: AccessRequest, steps: readonly AccessStep[]): Promise<Grant> {
  let { stream } = request;
  for (const step of steps) {
    request.signal.throwIfAborted();
    ({ stream } = await step.decide(intent, { ...request, stream }));
  }
  return { stream };
}

function closing(): Refusal {
  return new Refusal("closing", "This server is closing.");
}
