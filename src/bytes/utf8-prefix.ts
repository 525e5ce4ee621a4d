/** As much of a text, from its beginning, as has at most so many bytes in UTF-8: never cut inside a character. */
export function utf8Prefix(text: string, limit: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(limit));
  return text.slice(0, read);
}
