/** What the server's HTTP API says of itself and of streams; `api/v1/openapi.json` describes it. */

export interface ServerFacts {
  readonly version: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** null where RTMP is off. */
  readonly rtmpPort: number | null;
  readonly httpPort: number | null;
  /** Where RTMP is reached; null: `rtmpPort` of the same host. */
  readonly rtmpUrl: string | null;
  /** Where these pages are reached, as the server was told; null: it was not. */
  readonly httpUrl: string | null;
  /** Everybody who reaches the server may publish and watch. */
  readonly open: boolean;
  /** Publishers are asked for a key. */
  readonly needsKey: boolean;
  /** Streams are watched by HLS too. */
  readonly hls: boolean;
  /** What streams are watched in over HTTP and WebSocket. */
  readonly containers: readonly ContainerFacts[];
}

/** A stream is at `APP/STREAM.EXTENSION` in it. */
export interface ContainerFacts {
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly extension: string;
  /** By WebSocket too. */
  readonly webSocket: boolean;
  /** What plays it over either, in words; may be empty. */
  readonly players: { readonly http: string; readonly webSocket: string };
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
  /** Those of the server's containers that can carry any of its tracks, by name. */
  readonly containers: readonly string[];
}

export interface StreamList {
  readonly server: ServerFacts;
  readonly streams: readonly StreamFacts[];
}

/** An attempt that the server refused. */
export interface RefusedAttempt {
  /** The last time, ISO 8601. */
  readonly at: string;
  /** How often the same was refused. */
  readonly count: number;
  readonly intent: "publish" | "play";
  readonly protocol: string;
  /** Keys are masked. */
  readonly stream: string;
  readonly address: string;
  readonly client: string;
  readonly code: string;
  readonly reason: string;
}
