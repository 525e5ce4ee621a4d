/** SIGTERM and SIGINT: the server says goodbye to everybody in their own words and is gone within its bound. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { WebSocket } from "ws";
import { MessageType } from "../../src/protocols/rtmp/message.ts";
import { buildWeb } from "../../tools/build-web.ts";
import { launchChromium } from "../support/chromium.ts";
import { makeClip } from "../support/clip.ts";
import { goodHandshake } from "../support/http-bad-inputs.ts";
import { type Finished, type RunningProgram, start } from "../support/program.ts";
import { dechunked, RawConnection, splitResponse } from "../support/raw-connection.ts";
import { RtmpClient } from "../support/rtmp-client.ts";
import { type ServerProgram, startServerWith } from "../support/server-program.ts";
import { playerVideo, playsOn } from "./browser.ts";

let browser: Browser;

before(async () => {
  if (!existsSync(fileURLToPath(new URL("../../dist/web/watch.html", import.meta.url)))) await buildWeb();
  browser = await launchChromium();
});
after(() => browser?.close());

/** Milliseconds that a process takes to be gone when nothing holds it, on a busy machine too. */
const promptly = 3000;

function server(shutdownTimeout: string): Promise<ServerProgram> {
  return startServerWith({ env: { MILLRACE_AUTH: "false", MILLRACE_SHUTDOWN_TIMEOUT: shutdownTimeout }, stopSignal: "SIGTERM" });
}

async function publish({ rtmp }: ServerProgram): Promise<RunningProgram> {
  const clip = await makeClip({ seconds: 30 });
  const args = ["-v", "info", "-nostdin", "-re", "-i", clip, "-c", "copy", "-f", "flv", `rtmp://127.0.0.1:${rtmp}/live/cam`];
  const publisher = start("ffmpeg", args);
  await publisher.said(/frame=\s*[1-9]/);
  return publisher;
}

/** Sends the signal and waits for the end. @returns how long it took, in milliseconds */
async function end({ program }: ServerProgram, signal: NodeJS.Signals): Promise<{ took: number; finished: Finished }> {
  const started = performance.now();
  process.kill(program.pid, signal);
  const finished = await program.finished;
  return { took: performance.now() - started, finished };
}

const get = (path: string, more = ""): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;

describe("a server that is told to end", () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`tells publishers and viewers so, and ends with 0 (${signal})`, async () => {
      await using own = await server("10s");
      await using publisher = await publish(own);
      const url = `rtmp://127.0.0.1:${own.rtmp}/live/cam`;
      await using player = start("ffmpeg", ["-v", "info", "-nostdin", "-i", url, "-c", "copy", "-f", "null", "-"]);
      await player.said(/frame=\s*[1-9]/);
      using listening = await RtmpClient.connect(own.rtmp);
      await listening.play("live", "cam");
      using speaking = await RtmpClient.connect(own.rtmp);
      await speaking.publish("live", "other");
      using idle = await RtmpClient.connect(own.rtmp);
      await idle.connectApp("live");
      const http = (await RawConnection.open(own.http)).send(get("/live/cam.flv"));
      await http.until((text) => text.includes("FLV"));
      const waiting = (await RawConnection.open(own.http)).send(get("/live/later.flv"));
      const keptAlive = (await RawConnection.open(own.http)).send(get("/health"));
      await keptAlive.until((text) => text.endsWith("ok\n"));
      const socket = new WebSocket(`ws://127.0.0.1:${own.http}/live/cam.mp4`);
      await once(socket, "message");
      const closed = once(socket, "close") as Promise<[number, Buffer]>;

      const { took, finished } = await end(own, signal);
      assert.deepEqual([finished.code, finished.signal], [0, null], finished.stderr);
      assert.ok(took < promptly, `${took} ms`);
      await Promise.all([
        publisher.finished,
        listening.closed,
        speaking.closed,
        idle.closed,
        http.closed,
        waiting.closed,
        keptAlive.closed,
      ]);
      // The stream ended in order: FFmpeg writes what it got and is content.
      assert.equal((await player.finished).code, 0, player.stderr);
      assert.ok(speaking.codes.includes("NetStream.Unpublish.Success"), speaking.codes.join());
      assert.ok(idle.codes.includes("NetConnection.Connect.AppShutdown"), idle.codes.join());
      assert.ok(listening.codes.includes("NetStream.Play.UnpublishNotify"), listening.codes.join());
      assert.ok(
        listening.of(MessageType.userControl).some(({ body }) => body[1] === 1),
        "StreamEOF",
      );
      assert.ok(dechunked(splitResponse(http.received).body).complete, "the HTTP response ends with its last chunk");
      assert.equal(splitResponse(waiting.received).status, 503);
      const [code, reason] = await closed;
      assert.deepEqual([code, reason.toString()], [1001, "this server is closing"]);
    });
  }

  it("cuts viewers that never read, when the time is up", async () => {
    await using own = await server("1.5s");
    await using publisher = await publish(own);
    using rtmp = await RtmpClient.connect(own.rtmp);
    await rtmp.play("live", "cam");
    const http = (await RawConnection.open(own.http)).send(get("/live/cam.flv"));
    const webSocket = (await RawConnection.open(own.http)).send(get("/live/cam.flv", goodHandshake));
    const sockets = [rtmp.socket, http.socket, webSocket.socket];
    await Promise.all([http, webSocket].map((viewer) => viewer.until((text) => text.includes("FLV"))));
    for (const socket of sockets) socket.pause();
    const { took, finished } = await end(own, "SIGTERM");
    for (const socket of sockets) socket.destroy();
    await publisher.finished;
    assert.equal(finished.code, 0, finished.stderr);
    assert.ok(took > 1000 && took < 1500 + promptly, `${took} ms`);
  });

  it("leaves the player of its page saying that it comes back", async () => {
    await using own = await server("5s");
    await using publisher = await publish(own);
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${own.http}/watch/live/cam`);
    await playsOn(page, playerVideo, "shutdown-before");
    const { took, finished } = await end(own, "SIGTERM");
    assert.equal(finished.code, 0, finished.stderr);
    assert.ok(took < promptly, `${took} ms`);
    await page.getByText("The server restarts. It is tried again by itself.").first().waitFor({ timeout: 5000 });
    await publisher.finished;
    await page.close();
  });
});
