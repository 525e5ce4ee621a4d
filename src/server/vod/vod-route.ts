import type { IncomingMessage, ServerResponse } from "node:http";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { Access, AccessQuestion } from "../../hub/access.ts";
import type { FileReplays } from "../../hub/file-replay.ts";
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
import type { MediaLibrary } from "./media-library.ts";
import { missing, readVodPath, type VodAddress, vodName } from "./vod-address.ts";
import type { VodFile, VodFolders } from "./vod-folders.ts";

export interface VodRouteOptions {
  readonly folders: VodFolders;
  readonly library: MediaLibrary;
  readonly replays: FileReplays;
  readonly streams: HttpStreams;
  readonly containers: ContainerRegistry;
  readonly access: Access;
  readonly peers: Peers;
  /** Takes a seat for a viewer and returns what gives it back. @throws {Refusal} `full` */
  readonly admit: () => () => void;
}

/** What a path means: a file as it is, or what is in it in a container. */
interface Found {
  readonly file: VodFile;
  readonly format?: ContainerFormat;
}

/** `/vod/NAME/PATH`: files of media as they are, and what is in them as streams. */
export class VodRoute {
  readonly #options: VodRouteOptions;

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
      if (found.format === undefined) await this.#whole(exchange, question, found.file);
      else await this.#stream(exchange, question, { file: found.file, format: found.format, query });
    } catch (error) {
      if (!response.destroyed) throw challenged(error, request, target);
    }
  }

  /** A file of that name; else one of the name without the end that says in which container to send it. */
  async #find(asked: VodAddress, isPart: boolean): Promise<Found> {
    const { folders, containers } = this.#options;
    const found = containers.ofPath(asked.names.at(-1)!);
    try {
      const file = await folders.open(asked);
      return isPart && found !== undefined ? { file, format: found.format } : { file };
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== "not-found" || found === undefined) throw error;
      const file = await folders.openMedia({ ...asked, names: [...asked.names.slice(0, -1), found.stem] });
      return { file, format: found.format };
    }
  }

  async #whole(exchange: VodExchange, question: AccessQuestion, file: VodFile): Promise<void> {
    try {
      await this.#permit(exchange.response, question);
      const release = this.#options.admit();
      await answerFile(exchange, file).finally(release);
    } finally {
      await file.close();
    }
  }

  async #stream(
    { request, response, headers }: VodExchange,
    question: AccessQuestion,
    { file, format, query }: Required<Found> & { readonly query: URLSearchParams },
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
    const { library, replays } = this.#options;
    const index = await library.index(file).catch((error: unknown) => {
      throw error instanceof ProtocolError ? unreadable(error) : error;
    });
    if (from > index.durationMs) throw new HttpProblem(416, "bad-range", `The media are ${index.durationMs / 1000} s long.`);
    const { name, utc, read } = { name: vodName(file.address), utc: file.modified - index.durationMs, read: file.read };
    const close = (): void => void file.close();
    return replays.view({ name, index, read, utc, close }, { from, pace: "fast", recorded: { durationMs: index.durationMs } });
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
