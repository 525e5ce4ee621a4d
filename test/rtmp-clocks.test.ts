/** Time stamps that wrap, jump or disagree, from a publisher to a viewer. */
import { after, before, describe, it } from "node:test";
import { createServer, type MillraceServer } from "../src/index.ts";
import { badClocks } from "./support/rtmp-clocks.ts";

describe("RTMP, publishers with bad clocks", () => {
  let server: MillraceServer;

  before(async () => {
    server = createServer({ rtmp: { host: "127.0.0.1", port: 0 }, http: { enabled: false }, auth: false });
    await server.listen();
  });
  after(() => server.close(200));

  for (const { name, run } of badClocks) it(`carries ${name}`, () => run(server.address("rtmp")!.port));
});
