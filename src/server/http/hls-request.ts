import type { IncomingMessage } from "node:http";
import type { AccessQuestion } from "../../hub/access.ts";
import { streamAddress } from "../../hub/identity.ts";
import { carriedQuery } from "../../protocols/hls/carried-query.ts";
import type { HlsPath } from "../../protocols/hls/hls-path.ts";
import type { HlsRequest } from "../../protocols/hls/hls-streams.ts";
import type { Target } from "./target.ts";
import { viewerQuestion } from "./viewer-question.ts";

/** What somebody asks of HLS. A player asks several times a second: nothing is read that was read before. */
export function hlsRequest(request: IncomingMessage, target: Target, { stem, resource }: HlsPath, address: string): HlsRequest {
  const { name } = streamAddress(stem);
  const { "user-agent": client = "", authorization = "", cookie = "" } = request.headers;
  const key = [name, address, client, carriedQuery(target.query), authorization, cookie].join("\n");
  const question = (): AccessQuestion => viewerQuestion(request, target, { stream: name, protocol: "http", address });
  return { asked: name, query: target.query, resource, key, question };
}
