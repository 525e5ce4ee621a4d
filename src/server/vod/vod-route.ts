import type { IncomingMessage, ServerResponse } from "node:http";
import type { Access } from "../../hub/access.ts";
import type { Target } from "../http/target.ts";
import { challenged, viewerQuestion } from "../http/viewer-question.ts";
import type { Peers } from "../peers/peers.ts";
import { answerFile, type VodExchange } from "./file-answer.ts";
import { missing, readVodPath, type VodAddress, vodName } from "./vod-address.ts";
import type { VodFolders } from "./vod-folders.ts";

export interface VodRouteOptions {
  readonly folders: VodFolders;
  readonly access: Access;
  readonly peers: Peers;
  /** Takes a seat for a viewer and returns what gives it back. @throws {Refusal} `full` */
  readonly admit: () => () => void;
}

/** `/vod/NAME/PATH`: files of media, as they are. */
export class VodRoute {
  readonly #options: VodRouteOptions;

  constructor(options: VodRouteOptions) {
    this.#options = options;
  }

  /**
   * Answers a GET or HEAD. Resolves when the answer was taken.
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
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    try {
      await this.#answer({ request, response, headers: shared }, target, gone.signal);
    } catch (error) {
      if (!gone.signal.aborted) throw challenged(error, request, target);
    }
  }

  async #answer(exchange: VodExchange, target: Target, signal: AbortSignal): Promise<void> {
    const { folders, admit } = this.#options;
    const asked = readVodPath(target.path);
    await this.#permit(exchange.request, target, asked, signal);
    const file = await folders.open(asked);
    try {
      const release = admit();
      try {
        await answerFile(exchange, file);
      } finally {
        release();
      }
    } finally {
      await file.close();
    }
  }

  /** Asked before the file is looked for, so that nobody learns what there is who may not. @throws {Refusal} */
  async #permit(request: IncomingMessage, target: Target, asked: VodAddress, signal: AbortSignal): Promise<void> {
    const { access, peers } = this.#options;
    const { address } = peers.requester(request);
    const question = viewerQuestion(request, target, { stream: vodName(asked), protocol: "http", address });
    const { stream } = await access.play({ ...question, signal });
    // A stream may be granted under another name; a file has one.
    if (stream !== question.stream) throw missing();
  }
}
