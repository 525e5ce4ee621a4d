/** A server talks to nobody by itself: no telemetry, no question about updates, no lookup of who its viewers are. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { makeClip } from "./support/clip.ts";
import { run, start } from "./support/program.ts";
import { startServerWith } from "./support/server-program.ts";

const node = ["--import", fileURLToPath(new URL("support/outgoing-witness.ts", import.meta.url))];

it("the witness sees whatever a program can do to talk to somebody", async () => {
  const ways: [script: string, seen: string][] = [
    ["require('node:net').connect(9, '127.0.0.1').on('error', () => {})", "TCPCONNECTWRAP"],
    ["require('node:http').get('http://127.0.0.1:9').on('error', () => {})", "TCPCONNECTWRAP"],
    ["fetch('http://127.0.0.1:4').catch(() => {})", "TCPCONNECTWRAP"],
    ["require('node:dns').lookup('millrace.invalid', () => {})", "GETADDRINFOREQWRAP"],
    ["require('node:dns').resolve4('millrace.invalid', () => process.exit())", "QUERYWRAP"],
    ["require('node:dgram').createSocket('udp4').send('x', 9, '127.0.0.1', () => process.exit())", "UDPWRAP"],
    ["require('node:child_process').exec('true')", "PROCESSWRAP"],
    ["require('node:child_process').execFileSync(process.execPath, ['-v'])", "execFileSync"],
    ["new (require('node:worker_threads').Worker)('0', { eval: true })", "WORKER"],
  ];
  for (const [script, seen] of ways) {
    const { stderr } = await run(process.execPath, [...node, "-e", script]);
    assert.ok(stderr.includes(`outgoing ${seen}\n`), `${script}: ${stderr}`);
  }
  const listening = "require('node:net').createServer().listen(0, '127.0.0.1', function () { this.close() })";
  assert.doesNotMatch((await run(process.execPath, [...node, "-e", listening])).stderr, /outgoing/);
});

it("a server with publishers and viewers opens no connection", async () => {
  await using server = await startServerWith({ node, env: { MILLRACE_AUTH: "false", MILLRACE_TRUSTED_PROXIES: "loopback" } }, "--demo");
  await server.program.said(/the witness watches/);
  const clip = await makeClip({});
  const url = `rtmp://127.0.0.1:${server.rtmp}/live/clip`;
  await using publisher = start("ffmpeg", ["-v", "error", "-nostdin", "-re", "-i", clip, "-c", "copy", "-f", "flv", url]);
  await using player = start("ffmpeg", ["-v", "error", "-nostdin", "-i", url, "-f", "null", "-"]);
  const base = `http://127.0.0.1:${server.http}`;
  const socket = new WebSocket(`${base.replace("http", "ws")}/live/demo.mp4`);
  await once(socket, "message");
  for (const path of [
    "/",
    "/watch/live/demo",
    "/embed/live/demo",
    "/api/v1/streams",
    "/api/v1/openapi.json",
    "/health",
    "/live/none.mp4?x",
  ]) {
    await (await fetch(base + path, { method: path.includes("none") ? "HEAD" : "GET" })).text();
  }
  await Promise.all([publisher.succeeded(), player.finished]);
  socket.terminate();
  const { code, stderr } = await server.program.stop();
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /^outgoing/m);
});
