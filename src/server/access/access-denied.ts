/** Characters of a refusal's words that reach the person at the other end. */
const longestWords = 300;

/**
 * Thrown by a hook to refuse somebody in words: `throw new AccessDenied("This event is over.")`. The words go to the
 * person at the other end, in RTMP as `onStatus`, over HTTP in the body, over WebSocket as the reason of the closing
 * (where 123 bytes of UTF-8 are taken). They are cut after 300 characters, and control characters become spaces.
 */
export class AccessDenied extends Error {
  override readonly name = "AccessDenied";
}

/** Words of a program's own as they may go over any wire; `otherwise` where nothing is left of them. */
export function wordsForPeer(words: string, otherwise: string): string {
  const plain = words
    .slice(0, longestWords)
    .toWellFormed()
    .replaceAll(/\p{Cc}+/gu, " ")
    .trim();
  return plain === "" ? otherwise : plain;
}
