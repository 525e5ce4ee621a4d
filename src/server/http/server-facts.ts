import type { IncomingMessage } from "node:http";
import type { Hub } from "../../hub/hub.ts";
import type { RefusedAttempt } from "../access/refusal-list.ts";
import type { Clips } from "../clips/clips.ts";
import type { ContainerRegistry } from "../containers/container-registry.ts";
import type { RecordingService } from "../recording/recording-service.ts";
import type { OperatorProof } from "./operator.ts";

/** What the API needs in order to tell of refused attempts. */
export interface RefusalSource {
  /** Newest first. */
  readonly attempts: readonly RefusedAttempt[];
  /** Whether a request may see them. */
  may(request: IncomingMessage): Promise<OperatorProof | undefined>;
}

/** What the API says of the server itself. */
export interface ServerFacts {
  readonly version: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly hub: Hub;
  /** In which streams are watched over HTTP and WebSocket. */
  readonly containers: ContainerRegistry;
  /** Everybody may publish and watch. */
  open(): boolean;
  /** Publishers are asked for a key. */
  readonly needsKey: boolean;
  /** Streams are watched by HLS too. */
  readonly hls: boolean;
  readonly refusals: RefusalSource;
  readonly recording: RecordingService;
  readonly clips: Clips;
  /** The ports that are listened on; null where that protocol is off. */
  ports(): { readonly rtmp: number | null; readonly http: number | null };
  /** The URLs under which who asked reaches us, as settings and trusted proxies tell; null where they do not. */
  urls(request: IncomingMessage): { readonly rtmp: string | null; readonly http: string | null };
}
