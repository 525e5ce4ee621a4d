import type { StreamFacts, StreamList } from "./facts.ts";

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

async function ask<Value>(path: string, isValue: (body: unknown) => body is Value): Promise<Answer<Value>> {
  try {
    const signal = AbortSignal.timeout(answerWithin);
    const response = await fetch(new URL(path, document.baseURI), { signal, cache: "no-store", headers: { Accept: "application/json" } });
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

function isError(body: unknown): body is { error: { code: string; message: string } } {
  const error = isObject(body) ? body["error"] : undefined;
  return isObject(error) && typeof error["code"] === "string" && typeof error["message"] === "string";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
