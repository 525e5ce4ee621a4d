import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import type { Hub, HubEvent } from "../../hub/hub.ts";
import { Refusal } from "../../hub/refusal.ts";
import type { Stream } from "../../hub/stream.ts";
import type { ReadFrom } from "../../hub/timeline-reader.ts";
import type { Config } from "../config/schema.ts";
import type { Log } from "../log.ts";
import type { Disk } from "../storage/disk.ts";
import { DiskTurns } from "./disk-turns.ts";
import type { Gap } from "./gap.ts";
import type { EarlierRecording, RecordedBy, RecordedFile, RecordedStream } from "./recorded.ts";
import type { PendingBytes } from "./recording.ts";
import { type PlanChanges, planFor, planOf, type RecordingPlan } from "./recording-rules.ts";
import { RecordingSession } from "./recording-session.ts";

/** Recordings at one time. */
const MOST_RECORDINGS = 10_000;
/** Bytes that one recording may have read and not written. */
const MOST_PENDING = 32 * 1024 * 1024;
/** Of Node's four threads for files these are ours. */
const DISK_TURNS = 2;

/** What happens to recordings, for index and events. Must not throw. */
export interface RecordingsListener {
  began(session: RecordingSession): void;
  changed(recording: RecordedStream): void;
  file(file: RecordedFile, session: RecordingSession): void;
  gap(gap: Gap, session: RecordingSession): void;
  ended(session: RecordingSession): void;
}

export interface RecordingsOptions {
  readonly hub: Hub;
  readonly settings: Config["recording"];
  readonly disk: Disk;
  readonly log: Log;
  /** The newest recording of a stream, for publishers who append to it. Not given: there is none. */
  readonly earlier?: (stream: string) => Promise<EarlierRecording | undefined>;
}

/** What a recording is begun with. */
export interface BeginOptions {
  readonly by: RecordedBy;
  readonly from?: ReadFrom | undefined;
  readonly changes?: PlanChanges;
}

interface Wanted {
  readonly by: RecordedBy;
  readonly from: ReadFrom;
  readonly plan: RecordingPlan;
  readonly earlier?: EarlierRecording;
  /** The stream, where it is known; else the one that has the name. */
  readonly live?: Stream;
}

/** The recordings of one server: those that its settings ask for, and those that are begun by programs and requests. */
export class Recordings {
  /** Where the files are. */
  readonly folder: string;
  readonly #options: RecordingsOptions;
  readonly #turns = new DiskTurns(DISK_TURNS);
  readonly #pending: PendingBytes;
  readonly #sessions = new Map<string, RecordingSession>();
  readonly #listeners = new Set<Partial<RecordingsListener>>();
  #closed = false;

  constructor(options: RecordingsOptions) {
    this.#options = options;
    this.folder = resolve(options.settings.folder);
    this.#pending = { total: 0, most: options.settings.buffer, mostOfOne: Math.min(MOST_PENDING, options.settings.buffer) };
    options.hub.onEvent((event) => this.#see(event));
  }

  /** Those that are not over. */
  get running(): ReadonlyMap<string, RecordingSession> {
    return this.#sessions;
  }

  /** Bytes that wait for the disk. */
  get pendingBytes(): number {
    return this.#pending.total;
  }

  listen(listener: Partial<RecordingsListener>): void {
    this.#listeners.add(listener);
  }

  /**
   * Records a stream from its newest random-access point until it ends or the recording is stopped; of one that nobody publishes, the next.
   *
   * @param stream as `streamName` made it
   * @throws Refusal `full`, `closing`
   */
  begin(stream: string, { by, from = "newest", changes }: BeginOptions): RecordingSession {
    return this.#begin(stream, { by, from, plan: planOf(this.#options.settings, changes) });
  }

  /** Ends all of them. Resolves when their files are complete. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#sessions.values()].map((session) => session.stop()));
  }

  #begin(stream: string, wanted: Wanted): RecordingSession {
    if (this.#closed) throw new Refusal("closing", "This server is closing.");
    if (this.#sessions.size >= MOST_RECORDINGS)
      throw new Refusal("full", `This server makes at most ${MOST_RECORDINGS} recordings at a time.`);
    const { hub, disk, log } = this.#options;
    const session = new RecordingSession({
      earlier: undefined,
      ...wanted,
      id: wanted.earlier?.id ?? this.#id(),
      stream,
      folder: this.folder,
      disk,
      log,
      scheduler: hub.scheduler,
      turns: this.#turns,
      pending: this.#pending,
      listener: {
        changed: (row) => this.#tell((listener) => listener.changed?.(row)),
        file: (row, of) => this.#tell((listener) => listener.file?.(row, of)),
        gap: (gap, of) => this.#tell((listener) => listener.gap?.(gap, of)),
        ended: (over) => {
          this.#sessions.delete(over.id);
          this.#tell((listener) => listener.ended?.(over));
        },
      },
    });
    this.#sessions.set(session.id, session);
    this.#tell((listener) => listener.began?.(session));
    const live = wanted.live ?? hub.streams.get(stream);
    if (live?.timeline.current !== undefined) session.attach(live);
    return session;
  }

  #see(event: HubEvent): void {
    if (event.kind !== "live" || this.#closed) return;
    const { publication, stream } = event;
    const { name } = stream;
    const own = [...this.#sessions.values()].filter((session) => session.stream === name);
    for (const session of own) session.attach(event.stream);
    if (own.some(({ by }) => by === "settings" || by === "publisher")) return;
    const { settings } = this.#options;
    const type = settings.publishTypes ? publication.info.publishType : undefined;
    const plan = planFor(name, settings);
    if (type !== undefined) void this.#beginFor(stream, type, plan ?? planOf(settings));
    else if (plan !== undefined) this.#tryBegin(name, { by: "settings", from: "oldest", plan });
  }

  /** What a publisher asked for by its publish type. */
  async #beginFor(live: Stream, type: "record" | "append", plan: RecordingPlan): Promise<void> {
    // The stream may be over before the index has answered.
    const leave = live.timeline.wait({ wake: () => undefined });
    const earlier = type === "append" ? await this.#options.earlier?.(live.name).catch(() => undefined) : undefined;
    const isFree = earlier !== undefined && !this.#sessions.has(earlier.id);
    this.#tryBegin(live.name, { by: "publisher", from: "oldest", plan, live, ...(isFree && { earlier }) });
    leave();
  }

  #tryBegin(stream: string, wanted: Wanted): void {
    try {
      this.#begin(stream, wanted);
    } catch (err) {
      this.#options.log.error({ err, stream }, "a stream is not recorded");
    }
  }

  #tell(call: (listener: Partial<RecordingsListener>) => void): void {
    for (const listener of this.#listeners) call(listener);
  }

  /** Sorts by time. */
  #id(): string {
    const time = new Date(this.#options.hub.scheduler.wallClock()).toISOString().replaceAll(/[-:]|\.\d+/g, "");
    return `${time}-${randomBytes(6).toString("hex")}`;
  }
}
