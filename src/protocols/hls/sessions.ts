import type { Access, AccessQuestion } from "../../hub/access.ts";
import type { Hub } from "../../hub/hub.ts";
import type { Stream } from "../../hub/stream.ts";

/** Milliseconds for which a grant is good for the next requests of the same player. */
const GRANT_LIFE = 30_000;
/** Milliseconds without a request after which a player is gone, at least. */
const SHORTEST_ABSENCE = 10_000;

/** Who asks: requests that are alike in this are taken to be of one player. It may hold secrets. */
export interface PlayerIdentity {
  /** Address, program, stream asked for, query and credentials in one text. */
  readonly key: string;
  /** What is to be decided about it. Asked for only where it is. */
  question(): AccessQuestion;
}

/** A player, as far as requests can be told to be of the same one. */
export interface Session {
  /** The name of the stream that it may watch. */
  readonly granted: Promise<string>;
  /** The same once it is known. */
  readonly name: string | undefined;
  /** Counts it as a viewer. @param absence milliseconds without a request after which it is taken to be gone */
  watches(stream: Stream, absence: number): void;
}

export interface SessionsOptions {
  readonly hub: Hub;
  readonly access: Access;
  /** Takes a seat for a viewer and returns what gives it back. @throws {Refusal} `full` */
  readonly admit: () => () => void;
}

/**
 * Who is watching, and what was granted: a player asks for a piece several times a second, and access is asked once in a while. There are as many as there are seats.
 */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #sessions = new Map<string, PlayerSession>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** @throws {Refusal} `full`; what was not granted rejects `granted` */
  of(identity: PlayerIdentity): Session {
    const now = this.#options.hub.scheduler.now();
    let session = this.#sessions.get(identity.key);
    if (session === undefined) {
      session = new PlayerSession(this.#options.admit(), now);
      this.#sessions.set(identity.key, session);
    }
    session.lastSeen = now;
    if (now - session.askedAccess >= GRANT_LIFE) this.#ask(identity, session, now);
    return session;
  }

  /** Lets go of those who have not asked for anything for a while. */
  sweep(now: number): void {
    for (const [key, session] of this.#sessions) if (now - session.lastSeen >= session.absence) this.#end(key, session);
  }

  close(): void {
    for (const [key, session] of this.#sessions) this.#end(key, session);
  }

  #ask(identity: PlayerIdentity, session: PlayerSession, now: number): void {
    session.askedAccess = now;
    session.name = undefined;
    // Others may share the answer: nobody's leaving ends the question. Access has a time-out of its own.
    session.granted = this.#options.access.play({ ...identity.question(), signal: new AbortController().signal }).then(({ stream }) => {
      session.name = stream;
      return stream;
    });
    session.granted.catch(() => {
      if (this.#sessions.get(identity.key) === session) this.#end(identity.key, session);
    });
  }

  #end(key: string, session: PlayerSession): void {
    this.#sessions.delete(key);
    session.end();
  }
}

class PlayerSession implements Session {
  granted: Promise<string> = Promise.resolve("");
  name: string | undefined;
  /** Monotonic milliseconds. */
  askedAccess = -Infinity;
  lastSeen: number;
  absence = SHORTEST_ABSENCE;
  readonly #release: () => void;
  /** The stream that it is counted for, and what ends that. */
  #counted: { readonly stream: Stream; readonly leave: () => void } | undefined;

  constructor(release: () => void, now: number) {
    this.#release = release;
    this.lastSeen = now;
  }

  watches(stream: Stream, absence: number): void {
    this.absence = Math.max(absence, SHORTEST_ABSENCE);
    if (this.#counted?.stream === stream) return;
    this.#counted?.leave();
    this.#counted = { stream, leave: stream.countViewer() };
  }

  end(): void {
    this.#counted?.leave();
    this.#counted = undefined;
    this.#release();
  }
}
