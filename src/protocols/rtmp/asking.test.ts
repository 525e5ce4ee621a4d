import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { aacHeader, audioBody, metadata, sendFrames, sendHeaders, videoBody } from "../../../test/support/rtmp-media.ts";
import { at, frames, place, sentFrames } from "../../../test/support/rtmp-place.ts";
import { type RtmpClient, statusCode } from "../../../test/support/rtmp-client.ts";
import { openAccess } from "../../../test/support/open-access.ts";
import type { Access, AccessRequest, Grant } from "../../hub/access.ts";
import { Refusal } from "../../hub/refusal.ts";
import type { LogFields, RtmpLog } from "./log.ts";
import { silentLog } from "./log.ts";
import { chunkedMessage } from "./chunk-writer.ts";
import { windowAcknowledgementSize } from "./control.ts";
import { MessageType } from "./message.ts";

/** Answers when the test does. */
class SlowAccess implements Access {
  readonly requests: AccessRequest[] = [];
  readonly #answers: PromiseWithResolvers<Grant>[] = [];
  readonly #waiting: (() => void)[] = [];

  publish(request: AccessRequest): Promise<Grant> {
    const answer = Promise.withResolvers<Grant>();
    this.requests.push(request);
    this.#answers.push(answer);
    for (const tell of this.#waiting.splice(0)) tell();
    return answer.promise;
  }

  play(request: AccessRequest): Promise<Grant> {
    return this.publish(request);
  }

  /** The request of that number, when it has come. */
  async request(number: number): Promise<AccessRequest> {
    while (this.requests.length <= number) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.requests[number]!;
  }

  grant(number: number, stream = this.requests[number]!.stream): void {
    this.#answers[number]!.resolve({ stream });
  }

  refuse(number: number): void {
    this.#answers[number]!.reject(new Refusal("denied", "No."));
  }
}

/** A log that keeps the codes of what ended. */
function codes(): RtmpLog & { readonly codes: unknown[] } {
  const kept: unknown[] = [];
  return { ...silentLog, codes: kept, warn: (fields: LogFields) => void kept.push(fields["code"]) };
}

async function asks(client: RtmpClient, app: string, name: string): Promise<number> {
  await client.connectApp(app);
  const streamId = await client.createStream();
  client.command(streamId, "publish", null, name, "live");
  return streamId;
}

/** Bytes that the server says it has received, once it has received some and half a second has passed. */
async function takenAtFirst(client: RtmpClient): Promise<number> {
  await client.message(({ type }) => type === MessageType.acknowledgement);
  // Longer than a message may be unfinished, were it the peer who stalls.
  await delay(500);
  const { body } = client.of(MessageType.acknowledgement).at(-1)!;
  return new DataView(body.buffer, body.byteOffset).getUint32(0);
}

describe("an RTMP publisher that asks", () => {
  it("may send without waiting: nothing is lost, nothing out of order", async () => {
    const access = new SlowAccess();
    await using here = await place({}, { access: { ...openAccess, publish: (request) => access.publish(request) } });
    const publisher = await here.client();
    const streamId = await asks(publisher, "live", "cam");
    sendHeaders(publisher, streamId);
    sendFrames(publisher, streamId, 0, 5);
    await access.request(0);
    // What was said behind the media has been heard, and so have they.
    assert.equal((await publisher.call("_checkbw", null)).name, "_result");
    assert.equal(here.hub.streams.size, 0);
    access.grant(0, "live/anna");
    const player = await here.client();
    await player.play("live", "anna");
    sendFrames(publisher, streamId, 5, 2);
    await player.message(at(241));
    assert.deepEqual(frames(player), sentFrames(0, 7));
    const started = await publisher.status("NetStream.Publish.Start");
    assert.deepEqual(started.args[0], {
      __proto__: null,
      level: "status",
      code: "NetStream.Publish.Start",
      description: "Publishing live/cam.",
      details: "live/cam",
    });
    publisher.command(0, "FCUnpublish", null, "cam");
    await publisher.status("NetStream.Unpublish.Success");
    await player.status("NetStream.Play.UnpublishNotify");
  });

  it("is read no further than what may be kept, and goes on where it was", async () => {
    const access = new SlowAccess();
    await using here = await place({}, { access, limits: { stalledMessageMs: 300, pingMs: 100 } });
    const publisher = await here.client();
    publisher.raw(windowAcknowledgementSize(50_000));
    const streamId = await asks(publisher, "live", "cam");
    sendHeaders(publisher, streamId);
    for (let i = 0; i < 40; i++) publisher.send(6, MessageType.video, i * 40, streamId, videoBody(true, i, 1_000_000));
    const taken = await takenAtFirst(publisher);
    assert.ok(taken < 300_000, `${taken} bytes were taken`);
    assert.equal(publisher.codes.length, 0);
    access.grant(0);
    await publisher.status("NetStream.Publish.Start");
    while (publisher.socket.writableLength > 0) await delay(10);
    assert.equal((await publisher.call("_checkbw", null)).name, "_result");
    assert.equal(here.hub.streams.get("live/cam")!.timeline.current?.tracks.length, 2);
  });

  it("holds little of many small messages too", async () => {
    const access = new SlowAccess();
    await using here = await place({}, { access, limits: { askingBytes: 4096 } });
    const publisher = await here.client();
    publisher.raw(windowAcknowledgementSize(10_000));
    const streamId = await asks(publisher, "live", "cam");
    const message = chunkedMessage(4, { type: MessageType.audio, timestamp: 0, streamId, body: audioBody(0) });
    const many = new Uint8Array(message.length * 100_000);
    for (let i = 0; i < 100_000; i++) many.set(message, i * message.length);
    for (let i = 0; i < 20; i++) publisher.raw(many);
    const taken = await takenAtFirst(publisher);
    assert.ok(taken < 100_000, `${taken} bytes were taken`);
  });

  const ways: readonly (readonly [name: string, leave: (client: RtmpClient, streamId: number) => unknown])[] = [
    ["deleteStream", (client, streamId) => client.command(0, "deleteStream", null, streamId)],
    ["deleteStream by name", (client) => client.command(0, "deleteStream", null, "cam")],
    ["closeStream", (client, streamId) => client.command(streamId, "closeStream", null)],
    ["FCUnpublish", (client) => client.command(0, "FCUnpublish", null, "cam")],
    ["publish without a name", (client, streamId) => client.command(streamId, "publish", null, false)],
    ["play instead", (client, streamId) => client.command(streamId, "play", null, "other")],
    ["leaving", (client) => client.socket.destroy()],
  ];
  for (const [name, leave] of ways) {
    it(`gives up by ${name}`, async () => {
      const access = new SlowAccess();
      await using here = await place({}, { access });
      const publisher = await here.client();
      const streamId = await asks(publisher, "live", "cam?key=k");
      sendHeaders(publisher, streamId);
      const { signal } = await access.request(0);
      leave(publisher, streamId);
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
      access.grant(0);
      await new Promise(setImmediate);
      assert.equal(here.hub.streams.size, 0);
      assert.ok(!publisher.codes.includes("NetStream.Publish.Start"));
    });
  }

  it("has to wait for one answer before it asks the same stream for another", async () => {
    const log = codes();
    const access = new SlowAccess();
    await using here = await place({}, { access, log });
    const publisher = await here.client();
    const streamId = await asks(publisher, "live", "cam");
    publisher.command(streamId, "publish", null, "other");
    await publisher.closed;
    assert.deepEqual(log.codes, ["order"]);
    assert.ok((await access.request(0)).signal.aborted);
  });

  it("is no publisher after it was refused: the smaller limits hold again", async () => {
    const log = codes();
    const access = new SlowAccess();
    await using here = await place({}, { access, log });
    const publisher = await here.client();
    const streamId = await asks(publisher, "live", "cam");
    publisher.send(6, MessageType.video, 0, streamId, videoBody(true, 0, 70_000));
    await access.request(0);
    access.refuse(0);
    const refused = await publisher.status("NetStream.Publish.Denied");
    assert.equal(refused.streamId, streamId);
    publisher.send(6, MessageType.video, 40, streamId, videoBody(true, 0, 70_000));
    await publisher.closed;
    assert.deepEqual(log.codes, ["limit"]);
  });

  it("may not try for ever", async () => {
    const log = codes();
    const access: Access = { ...openAccess, publish: () => Promise.reject(new Refusal("denied", "No.")) };
    await using here = await place({}, { access, log, limits: { publishesInVain: 3 } });
    const publisher = await here.client();
    const streamId = await asks(publisher, "live", "cam");
    const denied = (): number => publisher.codes.filter((code) => code === "NetStream.Publish.Denied").length;
    for (let tries = 1; tries <= 3; tries++) {
      await publisher.message(() => denied() === tries);
      publisher.command(streamId, "publish", null, "cam");
    }
    await publisher.closed;
    assert.equal(denied(), 3);
    assert.deepEqual(log.codes, ["limit"]);
  });

  it("holds up no other stream of its connection", async () => {
    const access = new SlowAccess();
    await using here = await place({}, { access: { ...openAccess, publish: (request) => access.publish(request) } });
    const publisher = await here.client();
    const first = await asks(publisher, "live", "cam");
    await access.request(0);
    access.grant(0);
    await publisher.status("NetStream.Publish.Start");
    const second = await publisher.createStream();
    publisher.command(second, "publish", null, "other");
    sendHeaders(publisher, first);
    sendFrames(publisher, first, 0, 1);
    await access.request(1);
    const player = await here.client();
    await player.play("live", "cam");
    for (let i = 1; i < 20; i++) publisher.send(6, MessageType.video, i * 40, first, videoBody(false, i, 300_000));
    await player.message(at(19 * 40));
    access.grant(1);
    await publisher.heard((heard) => heard.streamId === second && statusCode(heard) === "NetStream.Publish.Start");
  });

  it("meets another who was granted the same name: busy, in the name it asked for", async () => {
    const access: Access = { ...openAccess, publish: () => Promise.resolve({ stream: "live/anna" }) };
    await using here = await place({}, { access });
    const [one, two] = [await here.client(), await here.client()];
    const streamId = await asks(one, "live", "a");
    await one.status("NetStream.Publish.Start");
    sendHeaders(one, streamId);
    await two.connectApp("live", { flashVer: "another" });
    two.command(await two.createStream(), "publish", null, "b");
    const { args } = await two.status("NetStream.Publish.BadName");
    assert.match(JSON.stringify(args), /live\/b/);
    assert.doesNotMatch(JSON.stringify(args), /anna/);
    assert.deepEqual([...here.hub.streams.keys()], ["live/anna"]);
  });

  it("sends a broken message early and is ended when it is looked at", async () => {
    const log = codes();
    const access = new SlowAccess();
    await using here = await place({}, { access, log });
    const publisher = await here.client();
    const streamId = await asks(publisher, "live", "cam");
    publisher.send(4, MessageType.dataAmf0, 0, streamId, metadata);
    publisher.send(4, MessageType.audio, 0, streamId, aacHeader);
    publisher.send(4, MessageType.dataAmf0, 0, streamId, Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff));
    await access.request(0);
    await publisher.call("_checkbw", null);
    access.grant(0);
    await publisher.closed;
    assert.equal(log.codes.length, 1);
    assert.equal(here.hub.streams.size, 0);
  });
});

describe("an RTMP player that asks", () => {
  it("gives up when it stops or leaves, and takes no seat before it was granted", async () => {
    let seats = 0;
    const access = new SlowAccess();
    const admit = () => {
      seats += 1;
      return () => void (seats -= 1);
    };
    await using here = await place({}, { access, admit });
    const player = await here.client();
    await player.connectApp("live");
    const streamId = await player.createStream();
    for (const [number, leave] of [() => player.command(0, "deleteStream", null, streamId), () => player.socket.destroy()].entries()) {
      player.command(streamId, "play", null, "cam");
      const { signal } = await access.request(number);
      assert.equal(seats, 0);
      leave();
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
      access.grant(number);
      await new Promise(setImmediate);
      assert.equal(seats, 0);
    }
    assert.equal(here.hub.waiting, 0);
  });
});

describe("the key of an RTMP client", () => {
  const spellings: readonly (readonly [app: string, tcUrl: string, name: string, key: string | undefined])[] = [
    ["live", "rtmp://h/live", "cam?key=K", "K"],
    ["live?key=K", "rtmp://h/live?key=K", "cam", "K"],
    ["live", "rtmp://h/live?key=K", "cam", "K"],
    ["live?key=old", "rtmp://h/live?key=old", "cam?key=K", "K"],
    ["live/cam?key=K", "rtmp://h/live/cam?key=K", "", "K"],
    ["live", "rtmp://h/live", "cam?key=", undefined],
    ["live", "rtmp://h/live", "cam?Key=K", undefined],
    ["live", "rtmp://h/live", "cam?key=a%2Bb%26c", "a+b&c"],
    ["live", `rtmp://h/live?key=${"x".repeat(5000)}`, "cam", undefined],
  ];
  for (const [app, tcUrl, name, key] of spellings) {
    it(`is read: ${app} ${tcUrl.slice(0, 40)} ${name}`, async () => {
      const access = new SlowAccess();
      await using here = await place({}, { access });
      const publisher = await here.client();
      await publisher.connectApp(app, { tcUrl });
      publisher.command(await publisher.createStream(), "publish", null, name);
      const request = await access.request(0);
      assert.equal(request.key, key);
      assert.equal(request.stream, "live/cam");
      assert.equal(request.client, "millrace-test");
      assert.deepEqual(request.headers, {});
    });
  }
});
