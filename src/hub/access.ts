/** What somebody wants to publish or play and said along with it, before it is granted. */
export interface AccessRequest {
  /** The stream's identity as it was asked for. May hold a secret where a key is sent as a name: not for logs. */
  readonly stream: string;
  /** The key sent along (`?key=`, a bearer token, a password), or undefined. Never for logs. */
  readonly key: string | undefined;
  /** Query parameters of the URL and of the name together. May hold secrets. */
  readonly query: URLSearchParams;
  /** Headers in lower case, where the protocol has some; else empty. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The peer's IP address; behind a trusted proxy the one that the proxy names. */
  readonly address: string;
  /** `rtmp`, `http`, `ws` … */
  readonly protocol: string;
  /** What the encoder or player calls itself, or "". */
  readonly client: string;
  /** Aborted when the peer is gone, or when an answer would come too late. */
  readonly signal: AbortSignal;
}

/** A request before anybody waits for its answer. */
export type AccessQuestion = Omit<AccessRequest, "signal">;

/** The key in a query: of several the last, which stands nearest to the stream's name. An empty one is none. */
export function keyIn(query: URLSearchParams): string | undefined {
  return query.getAll("key").at(-1) || undefined;
}

/** What was granted. */
export interface Grant {
  /** The identity to use, which may be another than was asked for. */
  readonly stream: string;
}

/** Decides who may publish and who may play. Protocols ask it before they ask the hub. */
export interface Access {
  /** Rejects with a `Refusal` where it is not granted; with nothing else. */
  publish(request: AccessRequest): Promise<Grant>;
  /** The same for somebody who wants to watch. */
  play(request: AccessRequest): Promise<Grant>;
}
