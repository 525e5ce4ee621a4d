import type { Hub } from "../../hub/hub.ts";
import type { Config } from "../config/schema.ts";
import type { Log } from "../log.ts";
import { nodeDisk } from "../storage/disk.ts";
import { RecordingLibrary } from "./recording-library.ts";
import { Recordings } from "./recordings.ts";

/** All that a server has of recordings: those that are made and those that were. */
export class RecordingService {
  readonly recordings: Recordings;
  readonly library: RecordingLibrary;

  constructor(hub: Hub, settings: Config["recording"], log: Log) {
    const shared = { settings, disk: nodeDisk, log: log.child({ part: "recording" }) };
    this.recordings = new Recordings({ hub, ...shared, earlier: (stream) => this.library.newestOf(stream) });
    this.library = new RecordingLibrary({ recordings: this.recordings, scheduler: hub.scheduler, ...shared });
  }

  /** Looks after what earlier runs left. */
  start(): void {
    void this.library.start();
  }

  /** Ends all recordings. A disk that hangs may keep them from ending, for so many milliseconds; they are whole up to what it took. */
  async close(within: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, within);
    await Promise.race([this.recordings.close().then(() => this.library.close()), promise]);
    clearTimeout(timer);
  }
}
