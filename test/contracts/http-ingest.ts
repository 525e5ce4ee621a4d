/** FLV in request bodies for the ingest suite. */
import { once } from "node:events";
import { createServer, request as httpRequest, type ClientRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { FlvDemuxer } from "../../src/containers/flv/demuxer.ts";
import type { Hub } from "../../src/hub/hub.ts";
import { streamAddress } from "../../src/hub/identity.ts";
import { HttpPublishers } from "../../src/protocols/http-publish/http-publishers.ts";
import type { PublishContext, PublishRequest } from "../../src/protocols/http-publish/publish-session.ts";
import { silentLog } from "../../src/server/log.ts";
import { openAccess } from "../support/open-access.ts";
import { FlvScript } from "./flv-script.ts";
import type { IngestServer, IngestUnderTest, TestPublisher } from "./ingest-bench.ts";

/** What publishers are taken in by, as a server would compose it. */
export function publishContext(hub: Hub): PublishContext {
  return { title: "test", hub, access: openAccess, times: { stall: 5000, ahead: 3000 }, onRefused: () => undefined, log: silentLog() };
}

/** FLV for the stream of a URL. */
export function flvRequest({ url = "", headers }: IncomingMessage, protocol: string): PublishRequest {
  const { name, params } = streamAddress(url);
  const client = headers["user-agent"] ?? "";
  const question = { stream: name, key: undefined, query: params, headers, address: "127.0.0.1", protocol, client };
  return { question, demuxer: (sink) => new FlvDemuxer(sink), paced: true };
}

export const httpIngest: IngestUnderTest = {
  name: "HTTP POST",
  wraps: [2 ** 31, 2 ** 32],
  async open(hub) {
    const publishers = new HttpPublishers(publishContext(hub));
    const server = createServer({ requestTimeout: 0 });
    const take = (request: IncomingMessage, response: ServerResponse): void => {
      const answer = (error: unknown) => ({ status: error === undefined ? 200 : 409, headers: {}, text: String(error) });
      void publishers.take({ request, response, wanted: () => flvRequest(request, "http"), answer });
    };
    server.on("request", take).on("checkContinue", take).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    return {
      publish: (name, encoder) => published(port, name, encoder),
      async [Symbol.asyncDispose]() {
        const closed = once(server, "close");
        server.close();
        publishers.terminate();
        server.closeAllConnections();
        await closed;
      },
    } satisfies IngestServer;
  },
};

async function published(port: number, name: string, encoder: string): Promise<TestPublisher> {
  const headers = { "User-Agent": encoder, Expect: "100-continue", "Transfer-Encoding": "chunked" };
  const request = httpRequest({ port, host: "127.0.0.1", path: `/${name}`, method: "POST", headers, agent: false });
  const answered = answerTo(request);
  request.flushHeaders();
  const granted = once(request, "continue").then(() => undefined);
  granted.catch(() => undefined);
  const refusal = await Promise.race([granted, answered]);
  if (refusal !== undefined) throw new Error(refusal);
  const script = new FlvScript((bytes) => void request.write(bytes));
  return script.publisher({
    stop: () => void request.end(),
    vanish: () => void request.destroy(),
    closed: answered.then(() => undefined),
  });
}

/** What the server says, or that the connection broke. */
async function answerTo(request: ClientRequest): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  request.on("error", () => resolve("broken"));
  request.once("response", (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (part: string) => (text += part));
    response.once("close", () => resolve(text));
  });
  return promise;
}
