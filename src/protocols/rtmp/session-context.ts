import type { Access } from "../../hub/access.ts";
import type { FileLibrary } from "../../hub/file-library.ts";
import type { Hub } from "../../hub/hub.ts";
import type { Refusal } from "../../hub/refusal.ts";
import type { Logins } from "./logins.ts";
import type { RtmpLimits } from "./limits.ts";
import type { RtmpLog } from "./log.ts";

/** @param stream the name as it was asked for; may be a key: not for logs */
export type RefusedPublisher = (
  facts: { readonly stream: string; readonly address: string; readonly client: string },
  refusal: Refusal,
) => void;

/** What all sessions of a listener share. */
export interface SessionContext {
  readonly hub: Hub;
  /** Asked before the hub is. */
  readonly access: Access;
  /** Asks encoders for user and password whose server address says so; undefined where there is no password to check. */
  readonly logins: Logins | undefined;
  /** Files that can be played. */
  readonly files: FileLibrary;
  /** Told of publishers that are refused, except by access. */
  readonly onRefused: RefusedPublisher;
  readonly log: RtmpLog;
  readonly limits: RtmpLimits;
  /** Milliseconds that a player waits for a publisher. */
  readonly waitForPublisher: number;
  /** Counts a viewer in; the function counts it out. @throws {Refusal} `full` */
  readonly admit: () => () => void;
  /** Port of the web pages, or their URL, told to browsers that come here. */
  readonly webPages: () => number | string | undefined;
}
