import type { RefusedAttempt, StreamFacts, StreamList } from "./facts.ts";

/** An answer of the API, or why there is none. */
export type Answer<Value> =
  | { readonly kind: "ok"; readonly value: Value }
  /** The server answered, and not with what was asked for. `code` is the API's own, or "" where something else answered. */
  | { readonly kind: "refused"; readonly status: number; readonly code: string; readonly message: string }
  /** Nothing came back. */
  | { readonly kind: "unreachable" };

/** A request that takes longer than this counts as unanswered. Milliseconds. */
const answerWithin = 8000;

/** The server and all streams. Never rejects. */
export function fetchStreams(): Promise<Answer<StreamList>> {
  return ask("api/v1/streams", isStreamList);
}

/**
 * One stream. Never rejects.
 *
 * @param path the stream's name as it stands in a URL
 */
export function fetchStream(path: string): Promise<Answer<StreamFacts>> {
  return ask(`api/v1/streams/${path}`, isStream);
}

/**
 * The attempts that were refused, the newest first. Never rejects.
 *
 * @param key that of every stream; "" where none is known
 */
export async function fetchRefusals(key: string): Promise<Answer<readonly RefusedAttempt[]>> {
  const answer = await ask("api/v1/refusals", isRefusalList, key === "" ? {} : { Authorization: `Bearer ${key}` });
  return answer.kind === "ok" ? { kind: "ok", value: answer.value.refusals } : answer;
}

async function ask<Value>(
  path: string,
  isValue: (body: unknown) => body is Value,
  more: Readonly<Record<string, string>> = {},
): Promise<Answer<Value>> {
  try {
    const signal = AbortSignal.timeout(answerWithin);
    const headers = { Accept: "application/json", ...more };
    const response = await fetch(new URL(path, document.baseURI), { signal, cache: "no-store", headers });
    const body: unknown = await response.json().catch(() => undefined);
    if (response.ok && isValue(body)) return { kind: "ok", value: body };
    const { code = "", message = "" } = isError(body) ? body.error : {};
    return { kind: "refused", status: response.status, code, message };
  } catch {
    return { kind: "unreachable" };
  }
}

function isStreamList(body: unknown): body is StreamList {
  return isObject(body) && isObject(body["server"]) && Array.isArray(body["streams"]) && body["streams"].every(isStream);
}

function isStream(body: unknown): body is StreamFacts {
  return isObject(body) && typeof body["name"] === "string" && Array.isArray(body["tracks"]);
}

function isRefusalList(body: unknown): body is { readonly refusals: readonly RefusedAttempt[] } {
  return isObject(body) && Array.isArray(body["refusals"]) && body["refusals"].every(isRefusedAttempt);
}

function isRefusedAttempt(entry: unknown): entry is RefusedAttempt {
  return isObject(entry) && typeof entry["stream"] === "string" && typeof entry["reason"] === "string";
}

function isError(body: unknown): body is { error: { code: string; message: string } } {
  const error = isObject(body) ? body["error"] : undefined;
  return isObject(error) && typeof error["code"] === "string" && typeof error["message"] === "string";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
