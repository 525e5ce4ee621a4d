import type { Hub } from "../../hub/hub.ts";
import { Refusal } from "../../hub/refusal.ts";
import type { Stream } from "../../hub/stream.ts";
import type { Viewing } from "../../hub/viewing.ts";
import { HttpProblem } from "../http/http-problem.ts";
import type { Log } from "../log.ts";
import { findProgram } from "./ffmpeg-program.ts";
import { Production, type ProductionOptions } from "./production.ts";
import { keyOf, type Wanted } from "./recipe.ts";

/** Times in milliseconds. */
export interface TranscodeSettings {
  /** Whether viewers may have FFmpeg started at all. */
  readonly enabled: boolean;
  /** The program: a name, or a path. */
  readonly ffmpeg: string;
  /** Children at once. */
  readonly max: number;
  readonly startTimeout: number;
  readonly linger: number;
  readonly nice: number;
}

export interface TranscoderOptions {
  readonly hub: Hub;
  readonly settings: TranscodeSettings;
  readonly log: Log;
}

/** What FFmpeg makes of one server's streams: each thing once, for all who want it. */
export class Transcoder {
  readonly #options: TranscoderOptions;
  readonly #productions = new Map<Stream | undefined, Map<string | symbol, Production>>();
  #isClosed = false;

  constructor(options: TranscoderOptions) {
    this.#options = options;
  }

  /** Things being made now. */
  get size(): number {
    let count = 0;
    for (const list of this.#productions.values()) for (const production of list.values()) if (!production.hasFailed) count += 1;
    return count;
  }

  /** Viewers may have FFmpeg started, whether or not it is installed. */
  get isAllowed(): boolean {
    return this.#options.settings.enabled;
  }

  /**
   * What a viewer plays instead of a stream, once there is something of it: begun where nobody else has asked for it. Its pieces are for
   * `piecesContainer`, its frames for any container. The past of a stream is made for its one viewer alone.
   *
   * Rejects with `HttpProblem` `needs-ffmpeg` or `ffmpeg-failed`, with a `Refusal` (`full`, `not-carried`, `not-live`, `closing`), or with the signal's reason.
   *
   * @param stream is closed, or belongs to what is made from now on
   */
  async view(stream: Viewing, wanted: Wanted, isPast: boolean, signal: AbortSignal): Promise<Viewing> {
    try {
      const path = await this.program(titleOf(wanted));
      const { name } = stream;
      const source = this.#options.hub.streams.get(name);
      if (isPast) return (await this.#begin({ name, source, past: stream, wanted, path }, Symbol("past")).ready(signal)).live();
      if (source === undefined) throw new Refusal("not-live", `Nobody is publishing "${name}".`);
      stream.close();
      const key = wanted.kind === "bytes" && wanted.format.isFromItsBeginning === true ? Symbol("alone") : keyOf(wanted);
      const production = this.#productions.get(source)?.get(key) ?? this.#begin({ name, source, wanted, path }, key);
      return (await production.ready(signal)).live();
    } catch (error) {
      stream.close();
      throw error;
    }
  }

  /** The path of FFmpeg. @param what it is needed for. @throws {HttpProblem} `needs-ffmpeg`, where it is not allowed or not installed */
  async program(what: string): Promise<string> {
    const { enabled, ffmpeg } = this.#options.settings;
    if (!enabled)
      throw new HttpProblem(
        501,
        "needs-ffmpeg",
        `${what} has to be made by FFmpeg, which this server's settings do not allow (transcode.enabled).`,
      );
    const path = await findProgram(ffmpeg);
    if (path === undefined)
      throw new HttpProblem(501, "needs-ffmpeg", `${what} has to be made by FFmpeg, which is not installed on this server.`);
    return path;
  }

  /** Ends all children and who watches them. */
  close(): void {
    this.#isClosed = true;
    for (const list of [...this.#productions.values()]) for (const production of [...list.values()]) production.close();
  }

  #begin(what: Pick<ProductionOptions, "name" | "source" | "past" | "wanted" | "path">, key: string | symbol): Production {
    const { hub, settings, log } = this.#options;
    if (this.#isClosed) throw new Refusal("closing", "This server is closing.");
    if (this.size >= settings.max)
      throw new Refusal("full", `This server has ${settings.max} conversions by FFmpeg running, which is as many as it takes.`);
    const { source } = what;
    const list = this.#productions.get(source) ?? new Map<string | symbol, Production>();
    this.#productions.set(source, list);
    const { nice, startTimeout, linger } = settings;
    const over = (): void => {
      list.delete(key);
      if (list.size === 0) this.#productions.delete(source);
    };
    const production = new Production({ ...what, hub, nice, startTimeout, linger, log, over });
    // One that came to nothing is over before it is here.
    if (!production.isOver) list.set(key, production);
    else over();
    return production;
  }
}

function titleOf(wanted: Wanted): string {
  return wanted.kind === "bytes" ? wanted.format.title : "This";
}
