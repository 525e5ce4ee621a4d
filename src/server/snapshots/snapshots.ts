import type { Scheduler } from "../../hub/scheduler.ts";
import { Refusal } from "../../hub/refusal.ts";
import type { Stream } from "../../hub/stream.ts";
import { NotCarried } from "../../media/muxer.ts";
import type { Config } from "../config/schema.ts";
import { HttpProblem } from "../http/http-problem.ts";
import type { Log } from "../log.ts";
import { findProgram } from "../transcode/ffmpeg-program.ts";
import { decodePicture } from "./decode-picture.ts";
import { asFile, asJpeg, type KeyFrame, newestKeyFrame } from "./key-frame.ts";
import { type Picture, PictureCache } from "./picture-cache.ts";

export interface SnapshotSettings {
  /** Whether FFmpeg may be started for it. */
  readonly enabled: boolean;
  /** FFmpeg processes at once. */
  readonly max: number;
  /** Milliseconds that one may take. */
  readonly timeout: number;
}

export interface SnapshotsOptions {
  readonly settings: SnapshotSettings;
  /** The program: a name, or a path. */
  readonly ffmpeg: string;
  readonly nice: number;
  readonly scheduler: Scheduler;
  readonly log: Log;
}

/** Bytes of all pictures that are kept. */
const MAX_CACHE = 64 * 1024 * 1024;
/** Streams of which a picture is asked for while as many are made as may be. */
const MAX_WAITING = 100;
/** Milliseconds for which a picture that could not be made is not tried again. */
const GIVEN_UP = 5000;

/** The newest key frame of a stream as a JPEG: made once for all who ask, one at a time of a stream. */
export class Snapshots {
  readonly #options: SnapshotsOptions;
  readonly #cache = new PictureCache(MAX_CACHE);
  /** By the name of the stream. */
  readonly #making = new Map<string, Promise<Picture>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: SnapshotsOptions) {
    this.#options = options;
  }

  /** What tells the newest picture from others. @throws {Refusal} `not-carried`, HttpProblem `no-picture` */
  tagOf(stream: Stream): string {
    return tagOf(stream, keyFrameOf(stream));
  }

  /**
   * The newest picture, or one that is being made at this moment.
   *
   * Rejects with a `Refusal` (`not-carried`, `full`), or an `HttpProblem` (`no-picture`, `needs-ffmpeg`, `ffmpeg-failed`)
   */
  async picture(stream: Stream): Promise<Picture> {
    const key = keyFrameOf(stream);
    const tag = tagOf(stream, key);
    const bytes = asJpeg(key);
    if (bytes !== undefined) return { tag, bytes };
    const kept = this.#cache.get(stream.name);
    if (kept?.tag === tag) return kept;
    return this.#making.get(stream.name) ?? this.#begin(stream.name, tag, key);
  }

  #begin(name: string, tag: string, key: KeyFrame): Promise<Picture> {
    const making = this.#make(name, tag, key);
    this.#making.set(name, making);
    void this.#forgetLater(name, making);
    return making;
  }

  /** What failed is told for a while to all who ask, so that they do not have it tried again and again. */
  async #forgetLater(name: string, making: Promise<Picture>): Promise<void> {
    const failed = await making.then(
      () => false,
      (error: unknown) => error instanceof HttpProblem && error.code === "ffmpeg-failed",
    );
    if (failed) this.#options.scheduler.after(GIVEN_UP, () => this.#making.delete(name));
    else this.#making.delete(name);
  }

  async #make(name: string, tag: string, key: KeyFrame): Promise<Picture> {
    const { settings, ffmpeg, nice, scheduler, log } = this.#options;
    const path = settings.enabled ? await findProgram(ffmpeg) : undefined;
    if (path === undefined) throw needsFfmpeg(settings.enabled);
    const file = fileOf(key);
    await this.#turn();
    try {
      const picture = { tag, bytes: await decodePicture({ path, ...file, timeout: settings.timeout, nice, scheduler }) };
      this.#cache.set(name, picture);
      return picture;
    } catch (error) {
      log.warn({ stream: name, ffmpeg: error instanceof Error ? error.message : String(error) }, "FFmpeg made no picture");
      throw new HttpProblem(503, "ffmpeg-failed", "FFmpeg could not make a picture of the stream; the server's log says why.", {
        "Retry-After": "5",
      });
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }

  /** Resolves when there is room for one more process, which is taken then. @throws {Refusal} `full` */
  async #turn(): Promise<void> {
    if (this.#running >= this.#options.settings.max) {
      if (this.#waiting.length >= MAX_WAITING) throw new Refusal("full", "Too many pictures are asked for at once.");
      await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    }
    this.#running += 1;
  }
}

function keyFrameOf({ timeline }: Stream): KeyFrame {
  const key = newestKeyFrame(timeline);
  if (key !== undefined) return key;
  if (timeline.current?.tracks.some(({ kind }) => kind === "video") !== true) throw new Refusal("not-carried", "The stream has no video.");
  throw new HttpProblem(503, "no-picture", "The stream has had no picture yet.", { "Retry-After": "1" });
}

function tagOf({ id }: Stream, { sequence }: KeyFrame): string {
  return `"${id}-${sequence}"`;
}

function fileOf(key: KeyFrame): ReturnType<typeof asFile> {
  try {
    return asFile(key);
  } catch (error) {
    throw error instanceof NotCarried ? new Refusal("not-carried", `${error.message}.`) : error;
  }
}

function needsFfmpeg(isAllowed: boolean): HttpProblem {
  const why = isAllowed ? "is not installed on this server" : "this server's settings do not allow (snapshots.enabled)";
  return new HttpProblem(501, "needs-ffmpeg", `A picture of the stream has to be made by FFmpeg, which ${why}.`);
}

/** Those of a server with these settings. */
export function snapshotsOf({ snapshots: settings, transcode: { ffmpeg, nice } }: Config, scheduler: Scheduler, log: Log): Snapshots {
  return new Snapshots({ settings, ffmpeg, nice, scheduler, log: log.child({ part: "ffmpeg" }) });
}
