/** What the end of a publisher's WebSocket means: words for people, and whether another attempt may help. docs/protocols.md lists the codes. */
export interface Outcome {
  readonly words: string;
  /** Worth another attempt by itself, in a while. */
  readonly again: boolean;
  /** What was missing or wrong is the key. */
  readonly isKey: boolean;
}

/** @param code of the close event @param reason the server's words, or "" */
export function publishOutcome(code: number, reason: string): Outcome {
  const final = (words: string): Outcome => ({ words: reason === "" ? words : reason, again: false, isKey: false });
  const later = (words: string): Outcome => ({ words, again: true, isKey: false });
  switch (code) {
    case 1000:
      return final("The stream has ended.");
    case 1001:
      return later("The server restarts. The stream goes on as soon as it is back.");
    case 1013:
      return later(reason === "" ? "The server is full." : reason);
    case 4401:
      return { words: reason === "" ? "The server asks for a key." : reason, again: false, isKey: true };
    case 4403:
      return final("The stream cannot have this name.");
    case 4408:
      return later("Nothing has come to the server for too long.");
    case 4409:
      return final("Somebody else publishes this stream.");
    case 4415:
    case 4422:
      return final("The server cannot read what this browser records.");
    default:
      return later("The connection is lost. The stream goes on as soon as the server can be reached.");
  }
}
