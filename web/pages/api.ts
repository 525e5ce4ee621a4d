/** What the server's HTTP API says; docs of it are at `api/v1/openapi.json`. */

export interface ServerFacts {
  readonly version: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** null where RTMP is off. */
  readonly rtmpPort: number | null;
  readonly httpPort: number | null;
  /** Everybody who reaches the server may publish and watch. */
  readonly open: boolean;
}

export interface VideoTrack {
  readonly kind: "video";
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  /** 0 where unknown. */
  readonly frameRate: number;
}

export interface AudioTrack {
  readonly kind: "audio";
  readonly codec: string;
  readonly sampleRate: number;
  readonly channels: number;
}

export interface DataTrack {
  readonly kind: "data";
  readonly codec: string;
}

export type Track = VideoTrack | AudioTrack | DataTrack;

export type StreamState = "live" | "reconnecting" | "waiting";

export interface StreamFacts {
  readonly name: string;
  readonly state: StreamState;
  /** ISO 8601. */
  readonly since: string;
  /** Bits per second. */
  readonly bitrate: number;
  readonly viewers: number;
  readonly publisher: { readonly protocol: string; readonly address: string; readonly encoder: string } | null;
  readonly tracks: readonly Track[];
}

export interface StreamList {
  readonly server: ServerFacts;
  readonly streams: readonly StreamFacts[];
}

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
