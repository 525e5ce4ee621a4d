import type { IncomingMessage, ServerResponse } from "node:http";
import type { Access } from "../../hub/access.ts";
import type { Hub } from "../../hub/hub.ts";
import { streamAddress } from "../../hub/identity.ts";
import { Refusal } from "../../hub/refusal.ts";
import type { Stream } from "../../hub/stream.ts";
import type { Target } from "../http/target.ts";
import { challenged, viewerQuestion } from "../http/viewer-question.ts";
import type { Peers } from "../peers/peers.ts";
import type { Snapshots } from "./snapshots.ts";

export interface SnapshotRouteOptions {
  readonly hub: Hub;
  readonly snapshots: Snapshots;
  /** Who may watch may have a picture. */
  readonly access: Access;
  readonly peers: Peers;
  /** Takes a seat for a viewer and returns what gives it back. @throws {Refusal} `full` */
  readonly admit: () => () => void;
}

/** One request and its answer. */
export interface SnapshotExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: Target;
}

const ending = /\.jpe?g$/;

/** `/APP/STREAM.jpg`: the newest key frame. */
export class SnapshotRoute {
  readonly #options: SnapshotRouteOptions;

  constructor(options: SnapshotRouteOptions) {
    this.#options = options;
  }

  takes({ path }: Target): boolean {
    return ending.test(path);
  }

  /** Answers a GET or HEAD. @param shared headers that every such answer has (CORS). @throws Refusal and HttpProblem, before anything was sent */
  async answer({ request, response, target }: SnapshotExchange, shared: Readonly<Record<string, string>>): Promise<void> {
    const { hub, access, peers, admit } = this.#options;
    const { name: asked } = streamAddress(target.path.replace(ending, ""));
    const { address } = peers.requester(request);
    const question = viewerQuestion(request, target, { stream: asked, protocol: "http", address });
    const abort = new AbortController();
    const gone = (): void => abort.abort();
    response.once("close", gone);
    let name = asked;
    let release: (() => void) | undefined;
    try {
      ({ stream: name } = await access.play({ ...question, signal: abort.signal }));
      release = admit();
      await this.send({ request, response }, await hub.watch(name, 0), shared);
    } catch (error) {
      if (!response.destroyed) throw challenged(error instanceof Refusal ? error.askedAs(asked, name) : error, request, target);
    } finally {
      response.off("close", gone);
      release?.();
    }
  }

  /** Sends the picture of a stream that the requester may see. @throws as `Snapshots.picture` */
  async send(
    { request, response }: Pick<SnapshotExchange, "request" | "response">,
    stream: Stream,
    shared: Readonly<Record<string, string>>,
  ): Promise<void> {
    const { snapshots } = this.#options;
    const known = request.headers["if-none-match"]?.split(/\s*,\s*/) ?? [];
    // Whoever has the newest picture need not have it made.
    const newest = snapshots.tagOf(stream);
    const fresh = (tag: string): Record<string, string> => ({ ...shared, ETag: tag, "Cache-Control": "no-cache" });
    if (known.includes(newest)) return void response.writeHead(304, fresh(newest)).end();
    const { tag, bytes } = await snapshots.picture(stream);
    if (known.includes(tag)) return void response.writeHead(304, fresh(tag)).end();
    response.writeHead(200, { ...fresh(tag), "Content-Type": "image/jpeg", "Content-Length": bytes.length });
    response.end(request.method === "HEAD" ? undefined : bytes);
  }
}
