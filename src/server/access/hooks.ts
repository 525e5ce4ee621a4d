import type { AccessRequest, Grant } from "../../hub/access.ts";
import { streamName } from "../../hub/identity.ts";
import { Refusal } from "../../hub/refusal.ts";
import type { AccessStep } from "./access-chain.ts";
import { Intent } from "./access-chain.ts";
import { AccessDenied, wordsForPeer } from "./access-denied.ts";

/**
 * A hook's answer. `true` or nothing: granted as asked for. `{ as }`: granted under another name, which must be one that
 * a stream can have. `false`: refused; to refuse in words, throw an `AccessDenied`.
 *
 * Anything else, thrown or returned, refuses too: in neutral words, with the reason in the log.
 */
export type AccessAnswer = boolean | undefined | void | { readonly as: string };

/**
 * Decides whether somebody may publish, or play. It has as long as `hooks.timeout` says, together with the hooks before
 * it; `request.signal` is aborted when that is over, or when the peer has left.
 */
export type AccessHook = (request: AccessRequest) => AccessAnswer | Promise<AccessAnswer>;

/** The hooks of one server: all that were given for an intent have to grant, each sees the name that the one before gave. */
export class Hooks implements AccessStep {
  readonly #hooks: Readonly<Record<Intent, { readonly hook: AccessHook }[]>> = { publish: [], play: [] };

  /** @returns a function that takes it away again. @throws {TypeError} for what is no function */
  add(intent: Intent, hook: AccessHook): () => void {
    if (typeof hook !== "function") throw new TypeError(`${nameOf(intent)} takes a function, not ${kindOf(hook)}`);
    const hooks = this.#hooks[intent];
    const entry = { hook };
    hooks.push(entry);
    return () => {
      const at = hooks.indexOf(entry);
      if (at >= 0) hooks.splice(at, 1);
    };
  }

  decides(intent: Intent): boolean {
    return this.#hooks[intent].length > 0;
  }

  async decide(intent: Intent, request: AccessRequest): Promise<Grant> {
    let { stream } = request;
    for (const { hook } of [...this.#hooks[intent]]) {
      request.signal.throwIfAborted();
      stream = readAnswer(intent, stream, await answerOf(intent, hook, { ...request, stream }));
    }
    return { stream };
  }
}

async function answerOf(intent: Intent, hook: AccessHook, request: AccessRequest): Promise<unknown> {
  try {
    return await hook(request);
  } catch (error) {
    if (error instanceof AccessDenied) throw denied(intent, error.message);
    throw new Error(`the hook ${nameOf(intent)} failed`, { cause: error });
  }
}

/** The name to go on with. @throws {Refusal} where the answer is no, Error where it is none */
function readAnswer(intent: Intent, stream: string, answer: unknown): string {
  if (answer === undefined || answer === true) return stream;
  if (answer === false) throw denied(intent, "");
  const as = typeof answer === "object" && answer !== null && "as" in answer ? answer.as : undefined;
  if (typeof as !== "string") {
    throw new Error(`the hook ${nameOf(intent)} returned ${kindOf(answer)}, which is neither true, false, nothing nor { as: NAME }`);
  }
  try {
    return streamName(as);
  } catch (error) {
    throw new Error(`the hook ${nameOf(intent)} returned a name that no stream can have`, { cause: error });
  }
}

function denied(intent: Intent, words: string): Refusal {
  return new Refusal(
    "denied",
    wordsForPeer(words, intent === Intent.publish ? "You may not publish here." : "You may not watch this stream."),
  );
}

function nameOf(intent: Intent): string {
  return intent === Intent.publish ? "onPublish" : "onPlay";
}

/** Never the value itself, which may be a secret. */
function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return `a ${typeof value}`;
  return "as" in value ? `an object whose "as" is no text` : `an object without "as"`;
}
