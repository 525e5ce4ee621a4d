/** Publishers and viewers of plug-ins' own protocols, and that their faults are their own. */
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import type { PeerPublisher, PeerViewer, PlayheadEnd, PluginContext } from "../src/index.ts";
import { plainMuxer, turn, PluginServer } from "./support/plugin-server.ts";
import { toneTrack } from "./support/tone.ts";

const servers = new PluginServer();

afterEach(() => servers.close());

describe("a protocol of a plug-in", () => {
  const peer = { stream: "live/tone", address: "192.0.2.9" };

  /** Publishes a tone by a plug-in. */
  async function publish(given: PluginContext, more: object = {}): Promise<PeerPublisher> {
    const publisher = await given.publish({ ...peer, ...more });
    publisher.announce({ video: false, audio: true });
    publisher.track(toneTrack);
    return publisher;
  }

  const frame = { track: 1, pts: 0, sap: 1, discardable: false, data: Uint8Array.of(1) } as const;

  it("publishes: asked, named, told when it is over", async () => {
    const given = await servers.context();
    await assert.rejects(given.publish(peer), { name: "Refusal", code: "denied" });
    given.server.onPublish(({ protocol, key }) => protocol === "mine" && key === "k" && { as: "live/other" });
    const publisher = await publish(given, { key: "k", client: "Encoder 1" });
    assert.equal(publisher.stream, "live/other");
    publisher.frame({ ...frame, dts: 0 });
    const { publisher: info, state } = given.server.stream("live/other");
    assert.deepEqual([info, state], [{ protocol: "mine", address: "192.0.2.9", encoder: "Encoder 1" }, "live"]);
    await assert.rejects(given.publish({ ...peer, key: "k", address: "192.0.2.10" }), { code: "busy", message: /"live\/tone"/ });
    await assert.rejects(given.publish({ ...peer, stream: "api/x" }), { code: "name-refused" });
    publisher.close();
    assert.deepEqual([publisher.end, publisher.signal.aborted, given.server.stream("live/other").state], ["unpublished", true, "offline"]);
    publisher.frame({ ...frame, dts: 20 });
    publisher.metadata({ late: true });
  });

  it("what it tells is checked", async () => {
    const given = await servers.context({ auth: false });
    using publisher = await publish(given);
    const wrong = [
      { ...frame, dts: 0, track: 2 },
      { ...frame, dts: 0.5 },
      { ...frame, dts: 0, pts: NaN },
      { ...frame, dts: 0, sap: 7 },
      { ...frame, dts: 0, data: "text" },
    ];
    for (const each of wrong) assert.throws(() => publisher.frame(each as never), TypeError);
    assert.throws(() => publisher.track({ ...toneTrack, id: 0 }), TypeError);
    assert.throws(() => publisher.demuxer("none"), /format is one of flv, mp4/);
    publisher.demuxer();
  });

  it("a peer that is gone has lost its publication, or its place", async () => {
    const given = await servers.context({ auth: false });
    const gone = new AbortController();
    const publisher = await publish(given, { signal: gone.signal });
    const viewer = await given.play({ ...peer, signal: gone.signal });
    gone.abort();
    assert.deepEqual([publisher.end, viewer.signal.aborted], ["lost", true]);
    await assert.rejects(given.play({ ...peer, signal: gone.signal }));
    await assert.rejects(given.publish({ ...peer, stream: "live/b", signal: gone.signal }));
  });

  /** Collects what it is sent. */
  class Collector {
    readonly written: Buffer[] = [];
    ended: PlayheadEnd | undefined;
    write(bytes: Uint8Array): boolean {
      this.written.push(Buffer.from(bytes));
      return true;
    }
    whenTaken(): void {}
    end(reason: PlayheadEnd): void {
      this.ended = reason;
    }
    get text(): string {
      return Buffer.concat(this.written).toString("latin1");
    }
  }

  async function viewing(given: PluginContext): Promise<{ publisher: PeerPublisher; viewer: PeerViewer }> {
    const publisher = await publish(given);
    publisher.frame({ ...frame, dts: 0 });
    return { publisher, viewer: await given.play(peer) };
  }

  it("plays any container of the server's, in a framing of its own", async () => {
    const given = await servers.context({ auth: false });
    const { publisher, viewer } = await viewing(given);
    const sink = new Collector();
    const playback = viewer.send({
      container: "flv",
      framing: {
        name: "brackets",
        before: () => Buffer.from("<"),
        after: Buffer.from(">"),
        start: ({ bytes }) => Buffer.from(`start ${bytes.length} `),
        change: () => undefined,
      },
      sink,
    });
    while (sink.written.length < 2) await turn();
    assert.match(sink.text, /^start \d+ <[^]+>$/);
    assert.deepEqual([playback.bytes, playback.skips, playback.lag], [sink.text.length, 0, 0]);
    assert.equal(given.server.stream("live/tone").viewers, 1);
    assert.throws(() => viewer.send({ container: "flv", sink }), /one container/);
    publisher.close();
    while (sink.ended === undefined) await turn();
    assert.deepEqual([sink.ended, viewer.signal.aborted], ["ended", true]);
  });

  it("names that mean nothing, queries that mean nothing, tracks that cannot be carried", async () => {
    const given = await servers.context({ auth: false });
    const { viewer } = await viewing(given);
    const sink = new Collector();
    assert.throws(() => viewer.send({ container: "none", sink }), /no container "none"; there are flv, mp4/);
    assert.throws(() => viewer.send({ container: "flv", query: new URLSearchParams("only=x"), sink }), { code: "name-refused" });
    assert.throws(() => viewer.send({ container: "mp4", query: new URLSearchParams("only=video"), sink }), { code: "not-carried" });
    viewer.close();
    assert.throws(() => viewer.send({ container: "flv", sink }), /has ended/);
  });

  it("plays a container of its own, whose key is nobody else's", async () => {
    const given = await servers.context({ auth: false });
    const { viewer } = await viewing(given);
    const other = await given.play(peer);
    const [theirs, flv] = [new Collector(), new Collector()];
    const muxer = plainMuxer()({ video: true, audio: true, parameters: {} });
    viewer.send({ container: { key: "flv:v:a:enhanced", muxer }, sink: theirs });
    other.send({ container: "flv", sink: flv });
    while (theirs.written.length === 0 || flv.written.length === 0) await turn();
    assert.match(theirs.text, /^tracks aac/);
    assert.match(flv.text, /^FLV/);
  });

  it("a sink or a framing that throws ends its own viewer", async () => {
    const given = await servers.context({ auth: false });
    const { publisher, viewer } = await viewing(given);
    const [broken, other, good] = [await given.play(peer), await given.play(peer), new Collector()];
    const bug = (): never => {
      throw new Error("a bug");
    };
    viewer.send({ container: "flv", sink: { write: bug, whenTaken: bug, end: bug } });
    const framing = { name: "bad", before: bug, after: new Uint8Array(0), start: () => Buffer.from("x"), change: () => undefined };
    assert.throws(() => broken.send({ container: "flv", framing, sink: new Collector() }), /a bug/);
    other.send({ container: "flv", sink: good });
    while (!viewer.signal.aborted || good.written.length === 0) await turn();
    const before = good.text.length;
    publisher.frame({ ...frame, dts: 20 });
    while (good.text.length === before) await turn();
    assert.equal(servers.faults(/a viewer's sink failed/).length, 1);
    assert.equal(given.server.stream("live/tone").viewers, 1);
  });

  it("viewers hold places, which are given back", async () => {
    const given = await servers.context({ auth: false, viewers: { max: 2, waitForPublisher: "0s" } });
    await publish(given);
    const [first, second] = [await given.play(peer), await given.play(peer)];
    await assert.rejects(given.play(peer), { code: "full" });
    first.close();
    first.close();
    const third = await given.play(peer);
    await assert.rejects(given.play(peer), { code: "full" });
    await assert.rejects(given.play({ ...peer, stream: "live/none" }), { code: "full" });
    for (const viewer of [second, third]) viewer.close();
    await assert.rejects(given.play({ ...peer, stream: "live/none" }), { code: "not-live", message: /"live\/none"/ });
    await given.play(peer);
    await given.play(peer);
  });

  it("frames end with the viewer, and the viewer with the server", async () => {
    const given = await servers.context({ auth: false });
    const { viewer } = await viewing(given);
    const frames = viewer.frames({ from: "newest" });
    assert.equal((await frames.next()).value?.data[0], 1);
    const next = assert.rejects(frames.next());
    viewer.close();
    await next;
    const sink = new Collector();
    const last = await given.play(peer);
    last.send({ container: "flv", sink });
    await servers.close(100);
    assert.equal(sink.ended, "closing");
    assert.ok(last.signal.aborted);
    await assert.rejects(given.play(peer), { code: "closing" });
    await assert.rejects(given.publish(peer), { code: "closing" });
  });
});
