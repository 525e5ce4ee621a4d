/** FLV in WebSocket messages for the ingest suite. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { WebSocket } from "ws";
import { WsPublishers } from "../../src/protocols/http-publish/ws-publishers.ts";
import { FlvScript } from "./flv-script.ts";
import { flvRequest, publishContext } from "./http-ingest.ts";
import type { IngestServer, IngestUnderTest, TestPublisher } from "./ingest-bench.ts";

export const wsIngest: IngestUnderTest = {
  name: "WebSocket push",
  wraps: [2 ** 31, 2 ** 32],
  async open(hub) {
    const publishers = new WsPublishers(publishContext(hub));
    const server = createServer();
    server.on("upgrade", (request, socket, head) => publishers.serve(request, socket as Socket, head, () => flvRequest(request, "ws")));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    return {
      publish: (name, encoder) => published(port, name, encoder),
      async [Symbol.asyncDispose]() {
        publishers.close();
        publishers.terminate();
        await publishers.whenEmpty();
        const closed = once(server, "close");
        server.close();
        await closed;
      },
    } satisfies IngestServer;
  },
};

async function published(port: number, name: string, encoder: string): Promise<TestPublisher> {
  const webSocket = new WebSocket(`ws://127.0.0.1:${port}/${name}`, { headers: { "User-Agent": encoder } });
  webSocket.on("error", () => undefined);
  const closed = once(webSocket, "close") as Promise<[code: number, reason: Buffer]>;
  const granted = once(webSocket, "message").then(() => undefined);
  const refusal = await Promise.race([granted, closed]);
  if (refusal !== undefined) throw new Error(refusal[1].toString());
  const script = new FlvScript((bytes) => webSocket.send(bytes));
  return script.publisher({
    stop: () => webSocket.close(1000),
    vanish: () => webSocket.terminate(),
    closed: closed.then(() => undefined),
  });
}
