import type { Access } from "../../hub/access.ts";
import type { Hub } from "../../hub/hub.ts";
import type { RtmpLimits } from "./limits.ts";
import type { RtmpLog } from "./log.ts";

/** What all sessions of a listener share. */
export interface SessionContext {
  readonly hub: Hub;
  /** Asked before the hub is. */
  readonly access: Access;
  readonly log: RtmpLog;
  readonly limits: RtmpLimits;
  /** Milliseconds that a player waits for a publisher. */
  readonly waitForPublisher: number;
  /** Counts a viewer in; the function counts it out. @throws {Refusal} `full` */
  readonly admit: () => () => void;
  /** Port of the web pages, or their URL, told to browsers that come here. */
  readonly webPages: () => number | string | undefined;
}
