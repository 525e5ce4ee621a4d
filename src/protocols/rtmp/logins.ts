import { randomBytes } from "node:crypto";
import { askFor, authFailed, type AuthParameters, canBeUser, isResponse, needAuth } from "./adobe-auth.ts";
import type { ConnectRequest } from "./connect.ts";

/** In the query of a server's address: a key, and the word by which it asks for a login at once. */
const keyMark = /[?&]key=[^&]/;
const loginMark = /[?&]login(?=&|=|$)/;

/** What tells one encoder from another before it has said more than `connect`. */
interface LoginPeer {
  readonly address: string;
  readonly agent: string;
  /** Without a query. */
  readonly app: string;
  /** `type` of connect: encoders send "nonprivate". */
  readonly type: string;
  /** It has shown a key already. */
  readonly hasKey: boolean;
  /** The server's address asks for a login by itself: `rtmp://HOST/live?login`. */
  readonly wantsLogin: boolean;
}

/** What becomes of a `connect`. */
export type LoginAnswer =
  /** It goes on; with the password where one was proved. */
  | { readonly kind: "go-on"; readonly password?: string }
  /** It is refused with these words, which the encoder reads and comes back. `failed`: in words for people, where it is over. */
  | { readonly kind: "refuse"; readonly description: string; readonly failed?: string };

/** What encoders may log in with, under any user's name. */
export interface Passwords {
  /** Somebody was asked and will soon answer: look whether the passwords have changed. */
  refresh(): void;
  /** Every password that is right now. */
  all(): readonly string[];
}

/** Milliseconds that an encoder has for coming back with its answer. */
const challengeLife = 30_000;
/** Challenges that wait for their answer, over all and of one address; beyond them the oldest is dropped. */
const maxChallenges = 4096;
const maxChallengesOfAddress = 16;
/** How long an encoder that sent no key is known: it is asked once when it comes back, and not again before this is over. */
const keylessLife = 2 * 60_000;
/** How long one that has logged in is asked at once. */
const loggedInLife = 3_600_000;
const maxKnown = 4096;
/** Characters of an app by which an encoder is known again. */
const longestApp = 200;

interface Challenge {
  readonly address: string;
  readonly user: string;
  readonly salt: string;
  readonly until: number;
}

/** Whether a peer is asked for its password when it connects, and until when that holds. */
interface Known {
  readonly ask: boolean;
  readonly until: number;
}

/**
 * Who is asked for user and password, and whether the answer is right. An encoder that has them says so in no way before
 * it is asked, and one that has none gives up when it is: so only those are asked that showed that they need it
 * (docs/decisions/0005-who-is-asked-for-a-password.md).
 */
export class Logins {
  readonly #passwords: Passwords;
  readonly #now: () => number;
  /** By the challenge. */
  readonly #challenges = new Map<string, Challenge>();
  readonly #known = new Map<string, Known>();

  /** @param now monotonic milliseconds */
  constructor(passwords: Passwords, now: () => number) {
    this.#passwords = passwords;
    this.#now = now;
  }

  /** Decides about a `connect`. */
  answer(connect: ConnectRequest, address: string): LoginAnswer {
    const peer = peerOf(connect, address);
    const { auth } = connect;
    if (auth === undefined) return this.#plain(peer);
    if (auth.module !== "adobe") return { kind: "refuse", description: needAuth };
    if (!canBeUser(auth.user)) return failed("the user's name cannot be used");
    if (auth.response === "") return { kind: "refuse", description: this.#challenge(peer, auth.user) };
    return this.#check(peer, auth);
  }

  /** A publisher was turned away because it sent no key: it may have a password, and is asked when it comes back. */
  keyless(connect: ConnectRequest, address: string): void {
    const peer = peerOf(connect, address);
    if (this.#lookUp(peer) === undefined) this.#remember(peer, true, keylessLife);
  }

  #plain(peer: LoginPeer): LoginAnswer {
    if (peer.hasKey) return { kind: "go-on" };
    if (!peer.wantsLogin) {
      if (this.#lookUp(peer)?.ask !== true) return { kind: "go-on" };
      // Once: if it has no password it gives up now, and may go on the next time.
      this.#remember(peer, false, keylessLife);
    }
    this.#passwords.refresh();
    return { kind: "refuse", description: needAuth };
  }

  #challenge({ address }: LoginPeer, user: string): string {
    this.#passwords.refresh();
    this.#forgetOld();
    const ofAddress = [...this.#challenges].filter(([, challenge]) => challenge.address === address);
    if (ofAddress.length >= maxChallengesOfAddress) this.#challenges.delete(ofAddress[0]![0]);
    else if (this.#challenges.size >= maxChallenges) deleteFirst(this.#challenges);
    const challenge = randomBytes(12).toString("hex");
    const salt = randomBytes(6).toString("hex");
    this.#challenges.set(challenge, { address, user, salt, until: this.#now() + challengeLife });
    return askFor(user, salt, challenge);
  }

  /** A challenge is good for one answer, from the address and for the user that it was made for. */
  #check(peer: LoginPeer, auth: AuthParameters): LoginAnswer {
    this.#forgetOld();
    const mine = [...this.#challenges].filter(([, { address, user }]) => address === peer.address && user === auth.user);
    // Encoders that were not told of `opaque` send none back.
    const found = auth.opaque === "" ? mine.at(-1) : mine.find(([challenge]) => challenge === auth.opaque);
    if (found === undefined) return failed("its answer is to no question of ours, or came too late");
    const [challenge, { salt }] = found;
    this.#challenges.delete(challenge);
    const password = this.#passwords.all().find((text) => isResponse(auth, salt, challenge, text));
    if (password === undefined) return failed("the password is not a valid publish key");
    // Whose address asks need not be known again, and another of its kind may have its key in the name.
    if (!peer.wantsLogin) this.#remember(peer, true, loggedInLife);
    return { kind: "go-on", password };
  }

  #lookUp(peer: LoginPeer): Known | undefined {
    const known = this.#known.get(nameOf(peer));
    return known !== undefined && known.until > this.#now() ? known : undefined;
  }

  #remember(peer: LoginPeer, ask: boolean, life: number): void {
    const name = nameOf(peer);
    this.#known.delete(name);
    if (this.#known.size >= maxKnown) deleteFirst(this.#known);
    this.#known.set(name, { ask, until: this.#now() + life });
  }

  /** All live equally long, so that the oldest come first. */
  #forgetOld(): void {
    const now = this.#now();
    for (const [key, { until }] of this.#challenges) {
      if (until > now) return;
      this.#challenges.delete(key);
    }
  }
}

function peerOf({ app, tcUrl, agent, type, password }: ConnectRequest, address: string): LoginPeer {
  const [path = ""] = app.split("?", 1);
  const either = (pattern: RegExp) => pattern.test(app) || pattern.test(tcUrl);
  const hasKey = password !== undefined || either(keyMark);
  return { address, agent, app: path.slice(0, longestApp), type, hasKey, wantsLogin: either(loginMark) };
}

function failed(why: string): LoginAnswer {
  return { kind: "refuse", description: authFailed, failed: `The login failed: ${why}.` };
}

function nameOf({ address, agent, app, type }: LoginPeer): string {
  return JSON.stringify([address, agent, app, type]);
}

function deleteFirst(map: Map<string, unknown>): void {
  const [first] = map.keys();
  if (first !== undefined) map.delete(first);
}
