import type { FilePlace, RecordedFile } from "./file-replay.ts";
import type { Replay } from "./replay.ts";

/** Which end of a name a client expects: `mp4:`, `flv:`, or nothing said. */
export type FileKind = "mp4" | "flv" | undefined;

/** Files of media as protocols see them. */
export interface FileLibrary {
  /**
   * Opens a file by the name that access granted, `vod/NAME/PATH`, whose end may be missing.
   *
   * @throws {Refusal} `not-found`; ProtocolError for what is no media
   */
  open(name: string, kind: FileKind): Promise<RecordedFile>;
  /** Shows one; it is closed when its viewer has gone. */
  view(file: RecordedFile, place: FilePlace): Replay;
}
