import type { Access, AccessQuestion } from "../../hub/access.ts";
import type { Hub } from "../../hub/hub.ts";
import { DIRECTIVE_PREFIX } from "./delivery-directives.ts";

/** Milliseconds for which a grant is good for the next requests of the same player. */
const GRANT_LIFE = 30_000;
/** Milliseconds without a request after which a player is gone, at least. */
const SHORTEST_ABSENCE = 10_000;

/** A player, as far as requests can be told to be of the same one: by address, program and what it says along. */
interface Session {
  /** The stream that it may watch. */
  granted: Promise<string>;
  /** Monotonic milliseconds. */
  askedAccess: number;
  lastSeen: number;
  /** How long it may stay away. */
  absence: number;
  readonly release: () => void;
  /** The stream that it is counted for, and what ends that. */
  counted: { readonly id: string; readonly leave: () => void } | undefined;
}

export interface SessionsOptions {
  readonly hub: Hub;
  readonly access: Access;
  /** Takes a seat for a viewer and returns what gives it back. @throws {Refusal} `full` */
  readonly admit: () => () => void;
}

/**
 * Who is watching, and what was granted: a player asks for a piece several times a second, and access is asked once in a while. As many as there are seats.
 */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #sessions = new Map<string, Session>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /**
   * The name that was granted.
   *
   * @throws {Refusal} in words that know the name asked for
   */
  async permit(question: AccessQuestion): Promise<string> {
    const key = identityOf(question);
    const now = this.#options.hub.scheduler.now();
    let session = this.#sessions.get(key);
    if (session === undefined) {
      const release = this.#options.admit();
      session = { granted: this.#ask(question), askedAccess: now, lastSeen: now, absence: SHORTEST_ABSENCE, release, counted: undefined };
      this.#sessions.set(key, session);
    } else if (now - session.askedAccess >= GRANT_LIFE) {
      session.granted = this.#ask(question);
      session.askedAccess = now;
    }
    session.lastSeen = now;
    try {
      return await session.granted;
    } catch (error) {
      if (this.#sessions.get(key) === session) this.#end(key, session);
      throw error;
    }
  }

  /** Counts the player as a viewer. @param absence milliseconds after which it is taken to be gone */
  watches(question: AccessQuestion, stream: { readonly id: string; countViewer(): () => void }, absence: number): void {
    const session = this.#sessions.get(identityOf(question));
    if (session === undefined) return;
    session.absence = Math.max(absence, SHORTEST_ABSENCE);
    if (session.counted?.id === stream.id) return;
    session.counted?.leave();
    session.counted = { id: stream.id, leave: stream.countViewer() };
  }

  /** Lets go of those who have not asked for anything for a while. */
  sweep(now: number): void {
    for (const [key, session] of this.#sessions) if (now - session.lastSeen >= session.absence) this.#end(key, session);
  }

  close(): void {
    for (const [key, session] of this.#sessions) this.#end(key, session);
  }

  #ask(question: AccessQuestion): Promise<string> {
    // Others may share the answer: nobody's leaving ends the question. The access chain has a time-out of its own.
    const granted = this.#options.access.play({ ...question, signal: new AbortController().signal }).then(({ stream }) => stream);
    granted.catch(() => undefined);
    return granted;
  }

  #end(key: string, session: Session): void {
    this.#sessions.delete(key);
    session.counted?.leave();
    session.release();
  }
}

/** What is put behind every URI of a playlist: all that its own query had, but for what is asked of the playlist itself. */
export function carriedQuery(query: URLSearchParams): string {
  const carried = new URLSearchParams(query);
  for (const name of new Set(carried.keys())) if (name.startsWith(DIRECTIVE_PREFIX) || ofPlaylist.has(name)) carried.delete(name);
  const text = carried.toString();
  return text === "" ? "" : `?${text}`;
}

/** Parameters that choose the multivariant playlist. */
const ofPlaylist: ReadonlySet<string> = new Set(["mux", "format"]);

function identityOf({ stream, address, client, query, headers }: AccessQuestion): string {
  return JSON.stringify([stream, address, client, carriedQuery(query), headers["authorization"], headers["cookie"]]);
}
