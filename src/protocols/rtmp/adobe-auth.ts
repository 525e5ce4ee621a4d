import { createHash, timingSafeEqual } from "node:crypto";

/**
 * `authmod=adobe`: user and password of an encoder (rtmp.md 5.6; librtmp's PublisherAuth and FFmpeg's do_adobe_auth are
 * the clients). The encoder volunteers nothing. Its `connect` is refused with words that it looks for, and it comes back on
 * a new connection with what they asked for behind `app` and `tcUrl`:
 *
 *     connect                                     → need auth
 *     connect ?authmod=adobe&user=U               → needauth, salt, challenge
 *     connect ?authmod=adobe&user=U&challenge=…&response=…[&opaque=…]   → accepted, or authfailed
 *
 * response = base64(md5(base64(md5(user + salt + password)) + challenge of ours + challenge of theirs))
 */
export interface AuthParameters {
  /** `adobe`; whatever else there may be we do not speak. */
  readonly module: string;
  readonly user: string;
  /** The encoder's own challenge. "" in what it says first, like the two that follow. */
  readonly challenge: string;
  readonly response: string;
  /** Our challenge, said back by the encoders that were told of it under this name. */
  readonly opaque: string;
}

/** Characters of a value that are looked at; a longer one is none of ours. */
const longestValue = 128;
/** FFmpeg reads 255 bytes of a description: a longer name would push our challenge out of it. */
const longestUser = 64;

/**
 * Parts what an encoder appended to `app` or `tcUrl` from what was there before. The values are base64 and names, written
 * as they are: nothing is unescaped.
 */
export function splitAuth(text: string): { readonly rest: string; readonly auth: AuthParameters | undefined } {
  const at = text.search(/[?&]authmod=/);
  if (at < 0) return { rest: text, auth: undefined };
  const values = new Map<string, string>();
  for (const part of text.slice(at + 1).split("&", 16)) {
    const equals = part.indexOf("=");
    const value = part.slice(equals + 1);
    if (equals > 0 && value.length <= longestValue) values.set(part.slice(0, equals), value);
  }
  const value = (name: string): string => values.get(name) ?? "";
  const auth = {
    module: value("authmod"),
    user: value("user"),
    challenge: value("challenge"),
    response: value("response"),
    opaque: value("opaque"),
  };
  return { rest: text.slice(0, at), auth };
}

/** Whether a name can be said back in a description without being mistaken for something else. */
export function canBeUser(user: string): boolean {
  return Buffer.byteLength(user) <= longestUser && !/[\p{Cc}\s&]/u.test(user);
}

/** Says that user and password are wanted. */
export const needAuth = "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ";

/** Says that they were not right. */
export const authFailed = "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=authfailed";

/**
 * Says what the response is to be made of. Some encoders take `opaque` where both are there, some `challenge`: both are the same.
 */
export function askFor(user: string, salt: string, challenge: string): string {
  const values = `user=${user}&salt=${salt}&challenge=${challenge}&opaque=${challenge}`;
  return `[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=needauth&${values}`;
}

/** Whether a response was made with that password. */
export function isResponse(auth: AuthParameters, salt: string, challenge: string, password: string): boolean {
  const salted = md5(auth.user + salt + password);
  const expected = Buffer.from(md5(salted + challenge + auth.challenge));
  const given = Buffer.from(auth.response);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("base64");
}
