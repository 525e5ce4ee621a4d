/** What a request is answered where it asked for nothing that can be had; `message` is for the person at the other end. */
export class HlsMistake extends Error {
  override readonly name = "HlsMistake";
  /** `not-found`, `bad-query`, or `too-late`: what it waited for has not come. */
  readonly code: "not-found" | "bad-query" | "too-late";

  constructor(code: HlsMistake["code"], message: string) {
    super(message);
    this.code = code;
  }
}
