/** HTTP routes of plug-ins, and that their faults are their own. */
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import type { Plugin, PluginRoute } from "../src/index.ts";
import { plugin, turn, PluginServer } from "./support/plugin-server.ts";
import { RawConnection } from "./support/raw-connection.ts";
import { Tone } from "./support/tone.ts";

const servers = new PluginServer();

afterEach(() => servers.close());

describe("a route of a plug-in", () => {
  const routes = (...list: readonly PluginRoute[]): Plugin => plugin((each) => list.forEach((route) => each.addRoute(route)));

  it("answers below its own prefix; the longest path that fits has it", async () => {
    await servers.open([
      routes(
        { handle: (_request, { rest }) => new Response(`all ${rest}`) },
        { path: "/deep/er", handle: (request, { rest }) => new Response(`deep ${rest}${new URL(request.url).search}`, { status: 202 }) },
      ),
    ]);
    const text = async (path: string): Promise<string> => (await fetch(`${servers.base}/plugins/${path}`)).text();
    assert.equal(await text("mine"), "all ");
    assert.equal(await text("mine/a%20b/c"), "all a%20b/c");
    assert.equal(await text("mine/deep/er/x?y=1"), "deep x?y=1");
    assert.equal(await text("mine/deep/erx"), "all deep/erx");
    for (const path of ["", "other", "minex"]) assert.equal((await fetch(`${servers.base}/plugins/${path}`)).status, 404, path);
    const answer = await fetch(`${servers.base}/plugins/mine`, { headers: { Origin: "https://a.example" } });
    assert.equal(answer.headers.get("access-control-allow-origin"), "*");
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
  });

  it("methods and bodies are those that it names", async () => {
    await servers.open([
      routes(
        {
          path: "/post",
          methods: ["POST"],
          maxBodySize: 10,
          handle: async (request) =>
            new Response(`${request.method} ${await request.text()}`, {
              headers: [
                ["Set-Cookie", "a=1"],
                ["Set-Cookie", "b=2"],
              ],
            }),
        },
        { path: "/get", handle: (request) => new Response(request.method) },
      ),
    ]);
    const post = (body: RequestInit["body"], more: RequestInit = {}): Promise<Response> =>
      fetch(`${servers.base}/plugins/mine/post`, { method: "POST", body: body ?? null, ...more });
    const answered = await post("0123456789");
    assert.equal(await answered.text(), "POST 0123456789");
    assert.deepEqual(answered.headers.getSetCookie(), ["a=1", "b=2"]);
    const streamed = { duplex: "half" } as RequestInit;
    assert.equal(await (await post(ReadableStream.from([Buffer.from("01"), Buffer.from("23")]), streamed)).text(), "POST 0123");
    for (const body of ["01234567890", ReadableStream.from([Buffer.from("01234"), Buffer.from("567890")])]) {
      const refused = await post(body, streamed);
      assert.deepEqual([refused.status, await refused.text()], [413, "The body is longer than 10 bytes.\n"]);
    }
    const get = await fetch(`${servers.base}/plugins/mine/post`);
    assert.deepEqual([get.status, get.headers.get("allow")], [405, "POST, OPTIONS"]);
    const head = await fetch(`${servers.base}/plugins/mine/get`, { method: "HEAD" });
    assert.deepEqual([head.status, await head.text()], [200, ""]);
    const preflight = await fetch(`${servers.base}/plugins/mine/post`, { method: "OPTIONS", headers: { Origin: "https://a.example" } });
    assert.deepEqual([preflight.status, preflight.headers.get("access-control-allow-methods")], [204, "POST, OPTIONS"]);
    const continued = await RawConnection.open(servers.port);
    continued.send("POST /plugins/mine/post HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    await continued.until((text) => text.startsWith("HTTP/1.1 100 "));
    continued.send("ab");
    await continued.until((text) => text.includes("POST ab"));
    continued.socket.destroy();
  });

  it("one that throws, or answers with nothing, answers 500 and is in the log by its name", async () => {
    const bug = (): never => {
      throw new Error("a bug");
    };
    const nothing = (() => undefined) as unknown as PluginRoute["handle"];
    await servers.open([
      routes({ path: "/a", handle: bug }, { path: "/b", handle: nothing }, { path: "/c", handle: () => Response.error() }),
    ]);
    for (const path of ["a", "b", "c"]) {
      const answer = await fetch(`${servers.base}/plugins/mine/${path}`);
      assert.deepEqual([answer.status, await answer.text()], [500, "A plug-in of this server failed; its log says how.\n"]);
    }
    assert.deepEqual(
      servers.faults(/a route of a plug-in failed/).map((fault) => fault["plugin"]),
      ["mine", "mine", "mine"],
    );
  });

  it("a body that fails half-way cuts the connection, and who leaves is told of by the signal", async () => {
    const { promise: leaving, resolve: left } = Promise.withResolvers<void>();
    const abort = new AbortController();
    const failing = new ReadableStream({
      start: (controller) => controller.enqueue(Buffer.from("half")),
      pull: () => Promise.reject(new Error("a bug")),
    });
    await servers.open([
      routes(
        { path: "/half", handle: () => new Response(failing) },
        {
          path: "/wait",
          handle: (request) => {
            request.signal.addEventListener("abort", () => left());
            abort.abort();
            return new Promise(() => undefined);
          },
        },
      ),
    ]);
    await assert.rejects(fetch(`${servers.base}/plugins/mine/half`).then((answer) => answer.text()));
    while (servers.faults(/the body of an answer failed/).length === 0) await turn();
    const waiting = assert.rejects(fetch(`${servers.base}/plugins/mine/wait`, { signal: abort.signal }));
    await Promise.all([waiting, leaving]);
  });

  it("asks for the stream's rights with what the request brought, and asks for a key where one may help", async () => {
    const made = await servers.open([
      plugin((each) => {
        each.addRoute({
          async handle(_request, info) {
            using viewer = await each.play(info.peer(info.rest));
            return Response.json({ stream: viewer.stream.name, address: info.address });
          },
        });
      }),
    ]);
    new Tone(made.hub, "live/a b");
    made.onPlay(({ key, protocol, client }) => key === "k1" && protocol === "mine" && client !== "");
    const ask = (query = "", headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`${servers.base}/plugins/mine/live/a%20b${query}`, { headers });
    const denied = await ask();
    assert.deepEqual([denied.status, denied.headers.get("www-authenticate")?.split(" ")[0]], [401, "Basic"]);
    assert.equal((await ask("?key=other")).status, 403);
    assert.deepEqual(await (await ask("?key=k1")).json(), { stream: "live/a b", address: "127.0.0.1" });
    assert.equal((await ask("", { Authorization: "Bearer k1" })).status, 200);
    assert.equal((await fetch(`${servers.base}/plugins/mine/live/none?key=k1`)).status, 404);
  });

  it("what is no route fails the setup", () => {
    const handle = (): Response => new Response();
    const wrong = [
      { handle: 1 },
      { path: "x", handle },
      { path: "/a//b", handle },
      { methods: ["get"], handle },
      { methods: [], handle },
      { methods: ["CONNECT"], handle },
      { maxBodySize: -1, handle },
    ] as unknown as PluginRoute[];
    for (const route of wrong) assert.throws(() => servers.make([routes(route)]), { name: "PluginError" }, JSON.stringify(route));
    assert.throws(() => servers.make([routes({ handle }, { path: "/", handle })]), /there is a route \/plugins\/mine\/ already/);
  });
});
