/** `millrace/testing` as programs that embed the server use it in their own tests: a clock that is moved, and an end without remains. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { AccessDenied, createServer } from "../src/index.ts";
import { collectFrames, FakeClock, publishTestClip, ViewerError, waitForFrame } from "../src/testing/index.ts";
import { RtmpClient } from "./support/rtmp-client.ts";

const local = { host: "127.0.0.1", port: 0 };

test("viewers over sockets see a lost publisher's grace period end when the clock says so", async () => {
  const clock = new FakeClock();
  await using server = createServer({ clock, rtmp: { enabled: false }, http: local, streams: { gracePeriod: "1h" } });
  await server.listen();
  const url = `http://127.0.0.1:${server.address("http")!.port}/live/cam.flv`;
  const clip = await publishTestClip(server, "live/cam");
  await clock.advance(1900);
  const viewer = collectFrames(url, { count: Infinity });
  await collectFrames(url, { count: 1 });
  await clip.stop("lost");
  await clock.advance(3_599_000);
  assert.equal(server.stream("live/cam").state, "reconnecting");
  await clock.advance(1000);
  const frames = await viewer;
  assert.ok(frames.length > 30, `${frames.length} frames`);
});

test("a hook that never answers is given up when the clock says so, and a viewer is waited for no longer than it", async () => {
  const clock = new FakeClock();
  await using server = createServer({ clock, rtmp: { enabled: false }, http: local, viewers: { waitForPublisher: "10m" } });
  await server.listen();
  const url = `ws://127.0.0.1:${server.address("http")!.port}/live/cam.mp4`;
  const asked = Promise.withResolvers<void>();
  const off = server.onPlay(() => new Promise(() => asked.resolve()));
  const hanging = assert.rejects(collectFrames(url, { count: 1 }), { status: 4401 });
  await asked.promise;
  await clock.advance(5000);
  await hanging;
  off();
  const come = Promise.withResolvers<void>();
  server.onPlay(({ stream }) => {
    if (stream !== "live/cam") throw new AccessDenied("Not that one.");
    come.resolve();
  });
  await assert.rejects(collectFrames(url.replace("cam", "other"), { count: 1 }), new ViewerError(4401, "Not that one."));
  const waiting = assert.rejects(collectFrames(url, { count: 1 }), { status: 4404 });
  await come.promise;
  await clock.advance(600_000);
  await waiting;
});

test("a server with a clock that stands still closes at once, RTMP players and publishers too", async () => {
  const clock = new FakeClock();
  const server = createServer({ clock, rtmp: local, http: local, auth: false });
  await server.listen();
  const clip = await publishTestClip(server, "live/cam");
  await waitForFrame(server, "live/cam");
  const client = await RtmpClient.connect(server.address("rtmp")!.port);
  await client.play("live", "cam");
  const started = performance.now();
  await server.close();
  const took = performance.now() - started;
  assert.ok(took < 1000, `${took} ms`);
  await client.closed;
  assert.equal(await clip.finished, "closing");
});

test("a program that tests ends by itself: nothing that was used holds it, even where nothing was stopped", async () => {
  const program = `
    import { createServer } from "./src/index.ts";
    import { collectFrames, FakeClock, publishTestClip, waitForFrame } from "./src/testing/index.ts";
    const server = createServer({ rtmp: { enabled: false }, http: { host: "127.0.0.1", port: 0 } });
    await server.listen();
    const url = "127.0.0.1:" + server.address("http").port + "/live/cam";
    await publishTestClip(server, "live/cam");
    await waitForFrame(server, "live/cam", { kind: "audio" });
    for (const way of ["http://" + url + ".flv", "ws://" + url + ".mp4"]) await collectFrames(way, { count: 10, timeout: 600_000 });
    await collectFrames("http://" + url + "x.flv?wait", { count: 1, timeout: 20 }).catch(() => {});
    await server.close();
    // Of these two nothing is stopped.
    await publishTestClip(createServer({}), "live/cam");
    const clock = new FakeClock();
    await publishTestClip(createServer({ clock }), "live/cam");
    await clock.advance(1000);
    console.log("done");
    setTimeout(() => console.log("still there"), 1000).unref();
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: new URL("..", import.meta.url),
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 20_000,
  });
  const said: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => said.push(text));
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  assert.deepEqual([code, signal, said.join("")], [0, null, "done\n"]);
});
