import { ReadFrom } from "../../hub/timeline-reader.ts";
import { type RecordingChanges, recordingChanges } from "../config/recording-schema.ts";
import type { RecordedBy, RecordedFile } from "./recorded.ts";
import type { RecordingSession, RecordingState } from "./recording-session.ts";
import type { BeginOptions } from "./recordings.ts";

/** How a stream is recorded: what differs from the settings in `recording`, written as there. */
export interface RecordOptions extends RecordingChanges {
  /** Where to begin; `newest` by default. */
  readonly from?: ReadFrom;
}

/** A recording: one stream on its way into files. Every property tells how things are when it is read. */
export interface StreamRecording extends AsyncDisposable {
  readonly id: string;
  /** The stream's identity. */
  readonly stream: string;
  readonly by: RecordedBy;
  /** `waiting` for a publisher; `recording`; `failing`: the disk takes nothing at the moment, it is tried again every second; `ended`. */
  readonly state: RecordingState;
  /** Why it fails, or failed: a code of the system such as ENOSPC, or words. */
  readonly error: string | undefined;
  /** Seconds of the stream that are in none of its files, because the disk failed or was too slow. */
  readonly lost: number;
  /** Directory that the paths of files are below. */
  readonly folder: string;
  /** The last hundred of its files, oldest first, as of a few seconds ago for the one that is written. */
  readonly files: readonly RecordedFile[];
  /** Ends it. Resolves when its files are complete, or the disk does not take them. */
  stop(): Promise<void>;
  /** Resolves when it has ended. */
  readonly done: Promise<void>;
}

export class SessionRecording implements StreamRecording {
  readonly folder: string;
  readonly #session: RecordingSession;

  constructor(session: RecordingSession, folder: string) {
    this.#session = session;
    this.folder = folder;
  }

  get id(): string {
    return this.#session.id;
  }

  get stream(): string {
    return this.#session.stream;
  }

  get by(): RecordedBy {
    return this.#session.by;
  }

  get state(): RecordingState {
    return this.#session.state;
  }

  get error(): string | undefined {
    return this.#session.row.error ?? undefined;
  }

  get lost(): number {
    return this.#session.row.lost / 1000;
  }

  get files(): readonly RecordedFile[] {
    return this.#session.files;
  }

  get done(): Promise<void> {
    return this.#session.done;
  }

  stop(): Promise<void> {
    return this.#session.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** @throws TypeError for what are none */
export function readRecordOptions({ from, ...changes }: RecordOptions): Pick<BeginOptions, "from" | "changes"> {
  if (from !== undefined && !Object.values(ReadFrom).includes(from)) throw new TypeError(`from is ${Object.values(ReadFrom).join(", ")}`);
  const read = recordingChanges.safeParse(changes);
  if (read.success) return { from, changes: read.data };
  const [issue] = read.error.issues;
  throw new TypeError(`record(): ${[...(issue?.path ?? []), issue?.message].join(": ")}`);
}
