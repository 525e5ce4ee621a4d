/** Why a request was not granted though the peer broke no rule. docs/errors.md lists the same codes. */
export const RefusalCode = {
  /** The name cannot be used: the message says which part and why. */
  nameRefused: "name-refused",
  /** Whoever decides about publishers and viewers says no. */
  denied: "denied",
  /** Somebody else is publishing under this name. */
  busy: "busy",
  /** Nobody published under this name within the time a viewer waits. */
  notLive: "not-live",
  /** There is no such file. */
  notFound: "not-found",
  /** The stream has no track that this container can carry. */
  notCarried: "not-carried",
  /** A limit of this server is reached. */
  full: "full",
  /** The server is closing. */
  closing: "closing",
} as const;
export type RefusalCode = (typeof RefusalCode)[keyof typeof RefusalCode];

/** A request refused; `message` is meant for the person at the other end. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.code = code;
  }

  /** The same for a peer that asked for a stream under one name and was granted another, which is not for it to know. */
  askedAs(asked: string, granted: string): Refusal {
    if (asked === granted) return this;
    return new Refusal(
      this.code,
      this.message.replaceAll(`"${granted}"`, () => `"${asked}"`),
    );
  }
}
