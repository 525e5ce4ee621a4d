import { randomBytes } from "node:crypto";
import { askFor, authFailed, type AuthParameters, canBeUser, isResponse, needAuth } from "./adobe-auth.ts";
import type { ConnectRequest } from "./connect.ts";

/** In the query of a server's address: a key, and the word by which it asks for a login. */
const keyMark = /[?&]key=[^&]/;
const loginMark = /[?&]login(?=&|=|$)/;

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

interface Challenge {
  readonly address: string;
  readonly user: string;
  readonly salt: string;
  readonly until: number;
}

/**
 * Who is asked for user and password, and whether the answer is right. An encoder that has them says so in no way before
 * it is asked, and one that has none gives up when it is: so only those are asked whose server address says so,
 * `rtmp://HOST/live?login` (docs/decisions/0006-who-is-asked-for-a-password.md).
 */
export class Logins {
  readonly #passwords: Passwords;
  readonly #now: () => number;
  /** By the challenge; all live equally long, so that the oldest come first. */
  readonly #challenges = new Map<string, Challenge>();

  /** @param now monotonic milliseconds */
  constructor(passwords: Passwords, now: () => number) {
    this.#passwords = passwords;
    this.#now = now;
  }

  /** Decides about a `connect`. @param address IP address of the encoder */
  answer(connect: ConnectRequest, address: string): LoginAnswer {
    const { auth } = connect;
    if (auth === undefined) return wantsLogin(connect) ? this.#ask() : { kind: "go-on" };
    if (auth.module !== "adobe") return this.#ask();
    if (!canBeUser(auth.user)) return failed("the user's name cannot be used");
    if (auth.response === "") return { kind: "refuse", description: this.#challenge(address, auth.user) };
    return this.#check(address, auth);
  }

  #ask(): LoginAnswer {
    this.#passwords.refresh();
    return { kind: "refuse", description: needAuth };
  }

  #challenge(address: string, user: string): string {
    this.#passwords.refresh();
    this.#forgetOld();
    const ofAddress = [...this.#challenges.keys()].filter((challenge) => this.#challenges.get(challenge)?.address === address);
    if (ofAddress.length >= maxChallengesOfAddress) this.#challenges.delete(ofAddress[0]!);
    else if (this.#challenges.size >= maxChallenges) this.#challenges.delete(this.#challenges.keys().next().value!);
    const challenge = randomBytes(12).toString("hex");
    const salt = randomBytes(6).toString("hex");
    this.#challenges.set(challenge, { address, user, salt, until: this.#now() + challengeLife });
    return askFor(user, salt, challenge);
  }

  /** A challenge is good for one answer, from the address and for the user that it was made for. */
  #check(address: string, auth: AuthParameters): LoginAnswer {
    this.#forgetOld();
    const mine = [...this.#challenges].filter(([, challenge]) => challenge.address === address && challenge.user === auth.user);
    // Encoders that were not told of `opaque` send none back.
    const found = auth.opaque === "" ? mine.at(-1) : mine.find(([challenge]) => challenge === auth.opaque);
    if (found === undefined) return failed("its answer is to no question of ours, or came too late");
    const [challenge, { salt }] = found;
    this.#challenges.delete(challenge);
    const password = this.#passwords.all().find((text) => isResponse(auth, salt, challenge, text));
    return password === undefined ? failed("the password is not a valid publish key") : { kind: "go-on", password };
  }

  #forgetOld(): void {
    const now = this.#now();
    for (const [challenge, { until }] of this.#challenges) {
      if (until > now) return;
      this.#challenges.delete(challenge);
    }
  }
}

/** The server's address says that a login is wanted, and no key has been shown in it. */
function wantsLogin({ app, tcUrl, password }: ConnectRequest): boolean {
  const either = (pattern: RegExp) => pattern.test(app) || pattern.test(tcUrl);
  return either(loginMark) && password === undefined && !either(keyMark);
}

function failed(why: string): LoginAnswer {
  return { kind: "refuse", description: authFailed, failed: `The login failed: ${why}.` };
}
