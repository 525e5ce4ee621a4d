import { Refusal } from "./refusal.ts";

/** Longest stream name in characters after decoding, all segments and slashes counted. */
export const MAX_NAME_LENGTH = 200;
/** Most segments in a stream name. */
export const MAX_NAME_SEGMENTS = 8;
/** Longest raw part (an RTMP app or name, a URL path, with its query) that is looked at. */
export const MAX_RAW_LENGTH = 4096;

/** First segments that belong to the server's own pages and interfaces. */
export const RESERVED_SEGMENTS: ReadonlySet<string> = new Set([
  "api",
  "console",
  "watch",
  "embed",
  "health",
  "metrics",
  "assets",
  "vod",
  "plugins",
  "publish",
]);

/** Which stream a client means, and what it said along with it. */
export interface StreamAddress {
  /** One or more segments joined by `/`, decoded: the identity of the stream. */
  readonly name: string;
  /** The query parameters of all parts together; of repeated ones all values are there. */
  readonly params: URLSearchParams;
}

/**
 * The identity behind what a client sent: the parts (an RTMP app and name; a URL path) joined by `/`, with queries,
 * `_definst_`, empty segments and `mp4:`/`flv:` prefixes taken off, percent-decoded once. Any split of a path between
 * app and name gives the same stream.
 *
 * @throws {Refusal} `name-refused`, with the reason
 */
export function streamAddress(...parts: readonly string[]): StreamAddress {
  const params = new URLSearchParams();
  const segments: string[] = [];
  for (const part of parts) {
    if (part.length > MAX_RAW_LENGTH) throw refuse(`it is ${part.length} characters long, ${MAX_RAW_LENGTH} are allowed`);
    const query = part.indexOf("?");
    if (query >= 0) for (const [key, value] of new URLSearchParams(part.slice(query + 1))) params.append(key, value);
    for (const raw of (query >= 0 ? part.slice(0, query) : part).split("/")) {
      const segment = decodeSegment(raw);
      if (segment !== "" && segment !== "_definst_") segments.push(segment);
    }
  }
  return { name: checkedName(segments), params };
}

/**
 * The identity behind a name that a program gives: not percent-encoded and without a query, else as above.
 *
 * @throws {Refusal} `name-refused`, with the reason
 */
export function streamName(text: string): string {
  if (!text.isWellFormed()) throw refuse("it is not well-formed Unicode");
  return streamAddress(text.split("/").map(encodeURIComponent).join("/")).name;
}

function decodeSegment(raw: string): string {
  let text: string;
  try {
    text = decodeURIComponent(raw);
  } catch {
    // The words go to logs too, and what somebody sends as a name may be a key.
    throw refuse("it has a percent sign that begins no valid escape");
  }
  text = text.normalize("NFC");
  const prefix = /^(?:mp4|flv):/.exec(text);
  if (prefix !== null) text = text.slice(prefix[0].length);
  if (text === "." || text === "..") throw refuse(`"${text}" is not allowed as a segment`);
  if (/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202a-\u202e\u2066-\u2069]/u.test(text)) throw refuse("it has a control character");
  if (/[/\\]/.test(text)) throw refuse("a segment has a slash or backslash in it");
  return text;
}

function checkedName(segments: readonly string[]): string {
  const first = segments[0];
  if (first === undefined) throw refuse("it is empty");
  if (RESERVED_SEGMENTS.has(first.toLowerCase())) throw refuse(`"${first}" as the first segment belongs to the server's own pages`);
  if (segments.length > MAX_NAME_SEGMENTS) throw refuse(`it has ${segments.length} segments, ${MAX_NAME_SEGMENTS} are allowed`);
  const name = segments.join("/");
  if (name.length > MAX_NAME_LENGTH) throw refuse(`it is ${name.length} characters long, ${MAX_NAME_LENGTH} are allowed`);
  return name;
}

function refuse(reason: string): Refusal {
  return new Refusal("name-refused", `This stream name cannot be used: ${reason}.`);
}
