/** The example plug-in with ports of its own: FFmpeg publishes and plays over bare TCP; keys, hooks and closing count there too. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { before, describe, it } from "node:test";
import flvOverTcp from "../../examples/plugins/flv-over-tcp.ts";
import type { ServerOptions } from "../../src/index.ts";
import { createLog } from "../../src/server/log.ts";
import { type ComposedServer, createServer } from "../../src/server/server.ts";
import { makeClip } from "../support/clip.ts";
import { streamHash } from "../support/packets.ts";
import { run, start } from "../support/program.ts";

let clip: string;

before(async () => {
  clip = await makeClip({ seconds: 2 });
});

/** A server that listens by the plug-in only. */
class TcpServer implements AsyncDisposable {
  readonly server: ComposedServer;
  readonly said: string[] = [];

  constructor(options: ServerOptions = {}, key = "") {
    const logger = createLog({ level: "info", format: "json", colour: false, write: (line) => void this.said.push(line) });
    this.server = createServer({
      rtmp: { enabled: false },
      http: { enabled: false },
      logger,
      plugins: [{ plugin: flvOverTcp, options: { stream: "live/cam", publishPort: 0, playPort: 0, key } }],
      ...options,
    });
  }

  static async open(...args: ConstructorParameters<typeof TcpServer>): Promise<TcpServer> {
    const server = new TcpServer(...args);
    await server.server.listen();
    return server;
  }

  port(what: "publish" | "watch"): number {
    const line = this.said.find((each) => each.includes(`${what} over TCP`))!;
    const { plugin, port } = JSON.parse(line) as { plugin: string; port: number };
    assert.equal(plugin, "flv-over-tcp", "its log has its name");
    return port;
  }

  url(what: "publish" | "watch"): string {
    return `tcp://127.0.0.1:${this.port(what)}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close(500);
  }
}

const publish = (url: string): string[] => ["-v", "error", "-nostdin", "-re", "-i", clip, "-c", "copy", "-f", "flv", url];

describe("a protocol of a plug-in", () => {
  it("what FFmpeg publishes over it is what FFmpeg plays over it, and one stream to everybody else", async (t) => {
    await using tcp = await TcpServer.open({ auth: false });
    const { server } = tcp;
    const events: string[] = [];
    server.on("live", ({ publisher, stream }) => events.push(`${publisher.protocol} ${stream.name}`));
    server.on("lost", ({ reason }) => events.push(reason));
    const played = streamHash(tcp.url("watch"), { signal: t.signal });
    while (server.hub.waiting === 0) await new Promise(setImmediate);
    const frames = server.stream("live/cam").frames();
    const first = frames.next();
    await run("ffmpeg", publish(tcp.url("publish")));
    assert.deepEqual(await played, await streamHash(clip));
    assert.equal((await first).value?.track.codec, "avc");
    await frames.return();
    assert.deepEqual(events, ["flv-over-tcp live/cam", "unpublished"]);
  });

  it("is asked about like any other: keys and hooks", async () => {
    const wrong = await TcpServer.open({ publishKey: "right-key-1234" }, "wrong-key-1234");
    await start("ffmpeg", publish(wrong.url("publish"))).finished;
    assert.equal(wrong.server.stream("live/cam").state, "offline");
    assert.ok(wrong.said.some((line) => line.includes('"protocol":"flv-over-tcp"') && line.includes("publisher refused")));
    await wrong.server.close();

    await using right = await TcpServer.open({ publishKey: "right-key-1234" }, "right-key-1234");
    right.server.onPlay(({ protocol }) => protocol !== "flv-over-tcp");
    await using publishing = start("ffmpeg", publish(right.url("publish")));
    while (right.server.stream("live/cam").state !== "live") await new Promise(setImmediate);
    const watching = connect(right.port("watch"), "127.0.0.1");
    watching.resume();
    await once(watching, "close");
    assert.equal(watching.bytesRead, 0);
    await publishing.stop();
  });

  it("what is no FLV, and a connection that breaks, end one publisher and no more", async () => {
    await using tcp = await TcpServer.open({ auth: false, streams: { gracePeriod: "10s" } });
    const reasons: string[] = [];
    tcp.server.on("lost", ({ reason }) => reasons.push(reason));
    const noise = connect(tcp.port("publish"), "127.0.0.1");
    noise.end("GET / HTTP/1.0\r\n\r\n").resume();
    await once(noise, "close");
    assert.deepEqual(reasons, ["refused"]);
    const publishing = connect(tcp.port("publish"), "127.0.0.1");
    publishing.write((await readFile(clip)).subarray(0, 20_000));
    while (tcp.server.stream("live/cam").state !== "live") await new Promise(setImmediate);
    publishing.resetAndDestroy();
    while (reasons.length < 2) await new Promise(setImmediate);
    assert.equal(reasons[1], "lost");
    assert.equal(tcp.server.stream("live/cam").state, "reconnecting");
  });

  it("closing the server ends its viewers, its publishers and its ports", async () => {
    const tcp = await TcpServer.open({ auth: false });
    const publishing = start("ffmpeg", publish(tcp.url("publish")));
    while (tcp.server.stream("live/cam").state !== "live") await new Promise(setImmediate);
    const watching = connect(tcp.port("watch"), "127.0.0.1");
    watching.on("data", () => undefined);
    await once(watching, "data");
    const ended = once(watching, "close");
    const port = tcp.port("publish");
    await tcp.server.close(2000);
    await ended;
    await publishing.finished;
    const late = connect(port, "127.0.0.1");
    const [error] = (await once(late, "error")) as [NodeJS.ErrnoException];
    assert.equal(error.code, "ECONNREFUSED");
  });

  it("a port that is taken keeps the server from starting, and leaves nothing open", async () => {
    await using holder = await TcpServer.open({ auth: false });
    const options = { stream: "live/cam", publishPort: 0, playPort: holder.port("watch") };
    const second = createServer({
      rtmp: { host: "127.0.0.1", port: 0 },
      http: { enabled: false },
      plugins: [{ plugin: flvOverTcp, options }],
    });
    await assert.rejects(second.listen(), { name: "PluginError", plugin: "flv-over-tcp", message: /failed to start: .*EADDRINUSE/ });
    assert.equal(second.address("rtmp"), undefined);
  });
});
