import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { type ComposedServer, createServer } from "../server/server.ts";
import { collectFrames } from "./collect-frames.ts";
import { publishTestClip, type TestClip } from "./test-clip.ts";
import { ViewerError } from "./viewer.ts";
import { WaitTimeoutError } from "./wait.ts";

let server: ComposedServer;
let clip: TestClip;
before(async () => {
  server = createServer({ rtmp: { enabled: false }, http: { host: "127.0.0.1", port: 0 }, viewers: { waitForPublisher: "0s" } });
  await server.listen();
  clip = await publishTestClip(server, "live/cam");
});
after(() => server?.close());

const at = (path: string, protocol = "http"): string => `${protocol}://127.0.0.1:${server.address("http")!.port}/${path}`;

for (const protocol of ["http", "ws"]) {
  for (const container of ["flv", "mp4"]) {
    test(`${protocol}, ${container}: frames are those that were published, in their order, from a key frame on`, async () => {
      const got = await collectFrames(at(`live/cam.${container}`, protocol), { count: 60 });
      assert.equal(got.length, 60);
      assert.equal(got.find(({ kind }) => kind === "video")!.randomAccess, true);
      for (const [kind, codec] of [
        ["video", /^avc1\./],
        ["audio", /^mp4a\.40\.2$/],
      ] as const) {
        const own = got.filter((frame) => frame.kind === kind);
        assert.ok(own.length > 15, `${own.length} of ${kind}`);
        assert.match(own[0]!.codec, codec);
        const sent = clip.frames.filter((frame) => frame.kind === kind).map(({ hash }) => hash);
        const first = sent.indexOf(own[0]!.hash);
        assert.ok(first >= 0, `the first of ${kind} was published`);
        const expected = own.map((_, index) => sent[(first + index) % sent.length]);
        assert.deepEqual(
          own.map(({ hash }) => hash),
          expected,
        );
        assert.ok(own.every(({ dts, pts }, index) => pts >= dts && dts > (own[index - 1]?.dts ?? -1)));
      }
    });
  }
}

test("one kind only, and all there is until the stream ends", async () => {
  const some = await collectFrames(at("live/cam.mp4"), { count: 5, kind: "audio" });
  assert.deepEqual(
    [...some.map(({ kind }) => kind)],
    Array.from({ length: 5 }, () => "audio"),
  );
  const short = await publishTestClip(server, "live/short");
  const all = Promise.all(["http", "ws"].map((protocol) => collectFrames(at("live/short.flv", protocol), { count: Infinity })));
  await collectFrames(at("live/short.flv"), { count: 30 });
  await short.stop();
  for (const frames of await all) assert.ok(frames.length >= 30, `${frames.length} frames`);
  await assert.rejects(collectFrames(at("live/cam.flv?only=audio"), { count: 1, kind: "video", timeout: 100 }), (error) => {
    assert.ok(error instanceof WaitTimeoutError);
    assert.match(error.message, /^waited 100 ms for 1 video frames of http:\/\/127\.0\.0\.1:\d+\/live\/cam\.flv: none came$/);
    return true;
  });
});

test("a viewer that is refused is told the server's words", async () => {
  const off = server.onPlay(({ key }) => key === "secret");
  for (const [protocol, statuses] of [
    ["http", [401, 403]],
    ["ws", [4401, 4401]],
  ] as const) {
    const url = at("live/cam.flv", protocol);
    for (const [index, key] of ["", "?key=wrong"].entries())
      await assert.rejects(collectFrames(url + key, { count: 1 }), (error) => {
        assert.ok(error instanceof ViewerError);
        assert.equal(error.status, statuses[index]);
        assert.match(error.message, /may not watch/);
        return true;
      });
    assert.equal((await collectFrames(url, { count: 1, headers: { Authorization: "Bearer secret" } })).length, 1);
  }
  off();
  await assert.rejects(collectFrames(at("live/nobody.flv"), { count: 1 }), { status: 404, message: /Nobody is publishing "live\/nobody"/ });
  await assert.rejects(collectFrames(at("live/nobody.mp4", "ws"), { count: 1 }), { status: 4404 });
});

test("a stream that ends too early, time that is up, and a signal", async () => {
  const short = await publishTestClip(server, "live/short");
  const waiting = collectFrames(at("live/short.mp4", "ws"), { count: 1000, kind: "video" });
  await collectFrames(at("live/short.mp4"), { count: 10 });
  await short.stop();
  await assert.rejects(waiting, (error) => {
    assert.ok(error instanceof ViewerError && error.status === 1000, String(error));
    assert.match(error.message, /^ws:.*\/live\/short\.mp4 ended when \d+ of video and 0 of audio came, 1000 were wanted$/);
    return true;
  });
  const late = collectFrames(at("live/cam.flv?key=secret"), { count: 10_000, timeout: 300 });
  await assert.rejects(
    late,
    /^TimeoutError: waited 300 ms for 10000 frames of http:\/\/[\d.:]+\/live\/cam\.flv: \d+ of video and \d+ of audio came$/,
  );
  const reason = new Error("enough");
  const abort = new AbortController();
  const signalled = collectFrames(at("live/cam.flv", "ws"), { count: Infinity, signal: abort.signal });
  abort.abort(reason);
  await assert.rejects(signalled, reason);
  for (const url of ["rtmp://127.0.0.1/live/cam", "http://127.0.0.1/live/cam", "ftp://127.0.0.1/live/cam.flv"])
    await assert.rejects(collectFrames(url, { count: 1 }), TypeError);
});

/** Has a server of another make answer. */
async function answering(listener: RequestListener, use: (host: string) => Promise<void>): Promise<void> {
  const other = createHttpServer(listener).listen(0, "127.0.0.1");
  await once(other, "listening");
  try {
    await use(`127.0.0.1:${(other.address() as AddressInfo).port}`);
  } finally {
    other.closeAllConnections();
    other.close();
  }
}

test("what is cut, what is no stream, and what is no WebSocket is an error", async () => {
  await answering(
    (request, response) => {
      if (request.url === "/cut.flv") response.write("FLV", () => response.destroy());
      else response.end("<!doctype html><p>something else");
    },
    async (host) => {
      await assert.rejects(collectFrames(`http://${host}/cut.flv`, { count: 1 }), { name: "ViewerError", message: "the response was cut" });
      await assert.rejects(collectFrames(`http://${host}/page.flv`, { count: 1 }), ProtocolError);
      await assert.rejects(collectFrames(`ws://${host}/page.flv`, { count: 1 }), { name: "ViewerError", status: 200 });
    },
  );
});
