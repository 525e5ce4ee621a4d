import type { IncomingMessage, ServerResponse } from "node:http";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { Access, AccessQuestion } from "../../hub/access.ts";
import type { RecordedFile } from "../../hub/file-replay.ts";
import { Refusal } from "../../hub/refusal.ts";
import type { Viewing } from "../../hub/viewing.ts";
import type { HttpStreams } from "../../protocols/http-stream/http-streams.ts";
import type { ContainerFormat } from "../containers/container-format.ts";
import type { ContainerRegistry } from "../containers/container-registry.ts";
import { HttpProblem } from "../http/http-problem.ts";
import { containerTarget } from "../http/media-target.ts";
import { secondsOf } from "../http/replay-query.ts";
import type { Target } from "../http/target.ts";
import { challenged, viewerQuestion } from "../http/viewer-question.ts";
import type { Peers } from "../peers/peers.ts";
import { answerFile, type VodExchange } from "./file-answer.ts";
import { readHlsNames, VodHls, type VodHlsPart } from "./hls-answer.ts";
import { missing, readVodPath, type VodAddress, vodName } from "./vod-address.ts";
import type { Vod } from "./vod.ts";
import type { VodFile } from "./vod-folders.ts";

export interface VodRouteOptions {
  readonly vod: Vod;
  readonly streams: HttpStreams;
  readonly containers: ContainerRegistry;
  readonly access: Access;
  readonly peers: Peers;
  /** Takes a seat for a viewer and returns what gives it back. @throws {Refusal} `full` */
  readonly admit: () => () => void;
}

/** What a path means: a file as it is, what is in it in a container, or a piece of it as HLS. */
interface Found {
  readonly file: VodFile;
  readonly format?: ContainerFormat;
  readonly hls?: VodHlsPart;
}

/** `/vod/NAME/PATH`: files of media as they are, and what is in them as streams. */
export class VodRoute {
  readonly #options: VodRouteOptions;
  readonly #hls = new VodHls();

  constructor(options: VodRouteOptions) {
    this.#options = options;
  }

  /**
   * Answers a GET or HEAD. Resolves when the answer was taken, or, of a stream, has begun.
   *
   * @param shared headers that every answer has (CORS)
   * @throws {Refusal} before anything was sent, and HttpProblem
   */
  async answer(
    request: IncomingMessage,
    response: ServerResponse,
    target: Target,
    shared: Readonly<Record<string, string>>,
  ): Promise<void> {
    const exchange = { request, response, headers: shared };
    const asked = readVodPath(target.path);
    const query = new URLSearchParams(target.query);
    let found: Found | Refusal;
    try {
      found = await this.#find(asked, query.has("start"));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      found = error;
    }
    const { address } = this.#options.peers.requester(request);
    // Who may not see it does not learn whether it is there.
    const name = vodName(found instanceof Refusal ? asked : found.file.address);
    const question = viewerQuestion(request, target, { stream: name, protocol: "http", address });
    try {
      if (found instanceof Refusal) await this.#permit(response, question);
      if (found instanceof Refusal) throw found;
      const { file, format, hls } = found;
      if (format !== undefined) await this.#stream(exchange, question, { file, format, query });
      else await this.#piece(exchange, question, { file, ...(hls !== undefined && { hls }) }, query);
    } catch (error) {
      if (!response.destroyed) throw challenged(error, request, target);
    }
  }

  /** A file of that name; else one of the name without the end that says as what to send it. */
  async #find(asked: VodAddress, isPart: boolean): Promise<Found> {
    const { vod, containers } = this.#options;
    const { folders } = vod;
    const found = containers.ofPath(asked.names.at(-1)!);
    try {
      const file = await folders.open(asked);
      return isPart && found !== undefined ? { file, format: found.format } : { file };
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== "not-found") throw error;
      const hls = readHlsNames(asked);
      if (hls !== undefined) return { file: await folders.openMedia(hls.file), hls: hls.part };
      if (found === undefined) throw error;
      const file = await folders.openMedia({ ...asked, names: [...asked.names.slice(0, -1), found.stem] });
      return { file, format: found.format };
    }
  }

  /** The file itself, or what players of HLS ask for one after the other. */
  async #piece(exchange: VodExchange, question: AccessQuestion, { file, hls }: Found, query: URLSearchParams): Promise<void> {
    try {
      await this.#permit(exchange.response, question);
      const release = this.#options.admit();
      try {
        if (hls === undefined) await answerFile(exchange, file);
        else await this.#hls.answer(exchange, { file, index: (await this.#recorded(file)).index, part: hls }, query);
      } finally {
        release();
      }
    } finally {
      await file.close();
    }
  }

  async #stream(
    { request, response, headers }: VodExchange,
    question: AccessQuestion,
    { file, format, query }: { readonly file: VodFile; readonly format: ContainerFormat; readonly query: URLSearchParams },
  ): Promise<void> {
    const { streams } = this.#options;
    let isTaken = false;
    try {
      if (request.httpVersionMajor !== 1) throw new HttpProblem(505, "http-version", "Streams are sent over HTTP/1.1 only.");
      const from = secondsOf("start", query.get("start")) ?? 0;
      const view = async (granted: string): Promise<Viewing> => {
        if (granted !== question.stream) throw missing();
        const viewing = await this.#view(file, from);
        isTaken = true;
        return viewing;
      };
      const wanted = { question, view, ...containerTarget(format, query) };
      if (request.method === "HEAD") await streams.describe(request, response, wanted, headers);
      else await streams.serve(request, response, wanted, headers);
    } finally {
      if (!isTaken) await file.close();
    }
  }

  /** Begins at the key frame at or before a time. @throws {HttpProblem} for a file that is no media */
  async #view(file: VodFile, from: number): Promise<Viewing> {
    const recorded = await this.#recorded(file);
    const { durationMs } = recorded.index;
    if (from > durationMs) throw new HttpProblem(416, "bad-range", `The media are ${durationMs / 1000} s long.`);
    return this.#options.vod.view(recorded, { from, pace: "fast", recorded: { durationMs } });
  }

  /** What is in a file. @throws {HttpProblem} for one that is no media */
  async #recorded(file: VodFile): Promise<RecordedFile> {
    try {
      return await this.#options.vod.recorded(file);
    } catch (error) {
      throw error instanceof ProtocolError ? unreadable(error) : error;
    }
  }

  /** @throws {Refusal} */
  async #permit(response: ServerResponse, question: AccessQuestion): Promise<void> {
    const gone = new AbortController();
    const leave = (): void => gone.abort();
    response.once("close", leave);
    const { stream } = await this.#options.access.play({ ...question, signal: gone.signal });
    response.off("close", leave);
    // A stream may be granted under another name; a file has one.
    if (stream !== question.stream) throw missing();
  }
}

function unreadable({ code, message }: ProtocolError): HttpProblem {
  return new HttpProblem(code === "timeout" ? 503 : 415, "unreadable", `This file cannot be shown: ${message} (${code}).`);
}
