import type { IncomingMessage } from "node:http";
import type { AccessQuestion } from "../../hub/access.ts";
import { streamAddress } from "../../hub/identity.ts";
import { carriedQuery } from "../../protocols/hls/carried-query.ts";
import type { HlsPath } from "../../protocols/hls/hls-path.ts";
import type { HlsRequest } from "../../protocols/hls/hls-streams.ts";
import type { Target } from "./target.ts";
import { viewerQuestion } from "./viewer-question.ts";

/** Names remembered. */
const MOST_NAMES = 1000;

/** Reads what somebody asks of HLS. A player asks several times a second: what was read before is not read again. */
export class HlsRequests {
  /** The streams' names by how they stand in paths. */
  readonly #names = new Map<string, string>();

  /** @param address IP address of who asks. @throws {Refusal} `name-refused` */
  read(request: IncomingMessage, target: Target, { stem, resource }: HlsPath, address: string): HlsRequest {
    const name = this.#nameOf(stem);
    const { "user-agent": client = "", authorization = "", cookie = "" } = request.headers;
    const key = [name, address, client, carriedQuery(target.query), authorization, cookie].join("\n");
    const question = (): AccessQuestion => viewerQuestion(request, target, { stream: name, protocol: "http", address });
    return { asked: name, query: target.query, resource, key, question };
  }

  #nameOf(stem: string): string {
    let name = this.#names.get(stem);
    if (name === undefined) {
      ({ name } = streamAddress(stem));
      if (this.#names.size >= MOST_NAMES) this.#names.clear();
      this.#names.set(stem, name);
    }
    return name;
  }
}
