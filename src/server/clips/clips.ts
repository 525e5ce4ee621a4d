import type { Hub } from "../../hub/hub.ts";
import { Refusal } from "../../hub/refusal.ts";
import type { Place } from "../../hub/replay-place.ts";
import { NotCarried } from "../../media/muxer.ts";
import type { Config } from "../config/schema.ts";
import type { RecordingService } from "../recording/recording-service.ts";
import type { RecordedFile } from "../recording/recorded.ts";
import { MediaLibrary } from "../vod/media-library.ts";
import { VodFolders } from "../vod/vod-folders.ts";
import type { Log } from "../log.ts";
import { pastEntries, recordedEntries, type RecordedSource } from "./clip-entries.ts";
import { type ClipFile, clipFile } from "./clip-file.ts";
import { type ClipFrames, type ClipSpan, gatherClip } from "./clip-frames.ts";

/** A clip, and what of the wall clock it shows. Unix milliseconds. */
export interface Clip extends ClipFile {
  readonly from: number;
  readonly to: number;
}

/** Formats of recordings that can be read from any place. */
const readable: ReadonlySet<string> = new Set(["mp4", "flv"]);
/** The name by which the folder of recordings is asked for. */
const folderName = "recordings";
/** Recorded files that a clip may be made of. */
const mostFiles = 1000;

/**
 * Cuts clips out of what is there of a stream: its ring in memory, its feed's file, its recordings. Nothing is encoded anew: the clip
 * holds everything from the key frame before its beginning on, and an edit list says what of it is shown.
 */
export class Clips {
  readonly #hub: Hub;
  readonly #recording: RecordingService;
  readonly #settings: Config["clips"];
  readonly #source: RecordedSource;
  #running = 0;

  constructor(hub: Hub, recording: RecordingService, settings: Config["clips"], log: Log) {
    this.#hub = hub;
    this.#recording = recording;
    this.#settings = settings;
    const folders = new VodFolders({ [folderName]: recording.recordings.folder });
    this.#source = {
      library: new MediaLibrary(log.child({ part: "clips" })),
      open: (file) => folders.open({ folder: folderName, names: file.path.split("/") }),
    };
  }

  /** Longest clip in milliseconds. */
  get maxDuration(): number {
    return this.#settings.maxDuration;
  }

  /**
   * @param stream as `streamName` made it
   * @throws {Refusal} `not-found` where nothing of that time is there, `not-carried`, `full`; {ClipTooLarge}; what a disk throws
   */
  async make(stream: string, span: ClipSpan): Promise<Clip> {
    const { max } = this.#settings;
    if (this.#running >= max) throw new Refusal("full", `This server makes ${max} clips at once and no more.`);
    this.#running += 1;
    try {
      const found = await this.#find(stream, span);
      if (found === undefined) throw new Refusal("not-found", `Nothing of "${stream}" is kept of that time.`);
      const { from, to, utcOffset } = found;
      return { ...clipFile(found), from: from + utcOffset, to: to + utcOffset };
    } catch (error) {
      throw error instanceof NotCarried ? new Refusal("not-carried", `${error.message}.`) : error;
    } finally {
      this.#running -= 1;
    }
  }

  /** From memory and the feed's file where those reach back so far, else from recordings; at last as much as the former have. */
  async #find(stream: string, span: ClipSpan): Promise<ClipFrames | undefined> {
    const { maxSize } = this.#settings;
    const place = await this.#hub.findPlace(stream, { from: { utc: span.from } });
    const past = (): Promise<ClipFrames | undefined> | undefined =>
      place && gatherClip(pastEntries(place, this.#hub.scheduler), span, maxSize);
    if (place !== undefined && beginOf(place) <= span.from) return past();
    const files = oneRecording(await this.#recording.library.filesBetween(stream, span.from, span.to, mostFiles));
    const recorded = files.length === 0 ? undefined : await gatherClip(recordedEntries(files, span.from, this.#source), span, maxSize);
    if (recorded !== undefined && (place === undefined || recorded.from + recorded.utcOffset <= beginOf(place))) return recorded;
    return past();
  }
}

/** Unix milliseconds. */
function beginOf({ start }: Place): number {
  return start.discontinuity.utcOffset + start.micros / 1000;
}

/** A stream may be recorded more than once at a time: the files of one of them, which can be read. */
function oneRecording(files: readonly RecordedFile[]): RecordedFile[] {
  const first = files.find(({ format }) => readable.has(format));
  return files.filter(({ recording, format }) => recording === first?.recording && format === first.format);
}
