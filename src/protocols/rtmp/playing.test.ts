import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Refusal } from "../../hub/refusal.ts";
import { audioBody, sendFrames, sendHeaders, videoBody } from "../../../test/support/rtmp-media.ts";
import { at, frames, hex, place, sentFrames } from "../../../test/support/rtmp-place.ts";
import { UserControlEvent, readControl } from "./control.ts";
import { MessageType } from "./message.ts";

describe("RTMP player's session", () => {
  it("lets a player wait for a publisher, and tells it after a while that there is none", async () => {
    await using here = await place({}, { waitForPublisher: 300 });
    const early = await here.client();
    const waiting = early.play("live", "cam");
    const publisher = await here.client();
    const streamId = await publisher.publish("live", "cam");
    sendHeaders(publisher, streamId);
    sendFrames(publisher, streamId, 0, 1);
    await waiting;
    await early.message(at(1));
    const other = await here.client();
    await other.connectApp("live");
    other.command(await other.createStream(), "play", null, "nobody");
    await other.status("NetStream.Play.StreamNotFound");
    // From a position means a recording, or what is live now: no wait.
    const recorded = await here.client();
    await recorded.connectApp("live");
    const recordedId = await recorded.createStream();
    recorded.command(recordedId, "play", null, "nobody", 0);
    assert.equal((await recorded.status("NetStream.Play.StreamNotFound")).streamId, recordedId);
    recorded.command(recordedId, "play", null, "cam", 0);
    await recorded.message(at(1));
    assert.equal(here.hub.waiting, 0);
  });

  it("ends a viewer's stream in words when the publisher stops", async () => {
    await using here = await place();
    const publisher = await here.client();
    const streamId = await publisher.publish("live", "cam");
    sendHeaders(publisher, streamId);
    sendFrames(publisher, streamId, 0, 3);
    const player = await here.client();
    const playId = await player.play("live", "cam");
    publisher.command(0, "FCUnpublish", null, "cam");
    publisher.command(0, "deleteStream", null, streamId);
    await player.status("NetStream.Play.UnpublishNotify");
    const eof = await player.message((m) => m.type === MessageType.userControl && m.body[1] === UserControlEvent.streamEof);
    assert.deepEqual(readControl(eof.type, eof.body), { kind: "streamEvent", event: UserControlEvent.streamEof, streamId: playId });
    assert.deepEqual(player.codes.slice(2), ["NetStream.Play.UnpublishNotify", "NetStream.Play.Stop"]);
    assert.deepEqual(frames(player), sentFrames(0, 3));
    await publisher.status("NetStream.Unpublish.Success");
    assert.equal(here.hub.streams.size, 0);
  });

  it("says nothing to viewers while a publisher reconnects", async () => {
    await using here = await place({ grace: 5_000 });
    const publisher = await here.client();
    const streamId = await publisher.publish("live", "cam");
    sendHeaders(publisher, streamId);
    sendFrames(publisher, streamId, 0, 3);
    const player = await here.client();
    await player.play("live", "cam");
    await player.message(at(81));
    const before = player.messages.length;
    publisher.socket.destroy();
    const again = await here.client();
    const secondId = await again.publish("live", "cam");
    sendHeaders(again, secondId);
    sendFrames(again, secondId, 0, 2);
    await player.message((m) => hex(m.body) === hex(audioBody(1)), before);
    const since = player.messages.slice(before);
    assert.deepEqual(new Set(since.map((m) => m.type)), new Set([MessageType.video, MessageType.audio]));
    assert.ok(since.every((m) => m.timestamp > 81));
  });

  it("pauses, goes on live, and leaves out what a player does not want to receive", async () => {
    await using here = await place();
    const publisher = await here.client();
    const streamId = await publisher.publish("live", "cam");
    sendHeaders(publisher, streamId);
    sendFrames(publisher, streamId, 0, 2);
    const player = await here.client();
    const playId = await player.play("live", "cam");
    await player.message(at(41));
    player.command(playId, "pause", null, true, 0);
    await player.status("NetStream.Pause.Notify");
    sendFrames(publisher, streamId, 2, 30);
    const witness = await here.client();
    await witness.play("live", "cam");
    await witness.message(at(1241));
    assert.equal(frames(player).length, 4);
    player.command(playId, "pause", null, false, 0);
    await player.status("NetStream.Unpause.Notify");
    await player.message(at(1241));
    assert.deepEqual(frames(player).slice(4), sentFrames(30, 2));
    const from = player.messages.length;
    player.command(playId, "receiveVideo", null, false);
    sendFrames(publisher, streamId, 32, 2);
    await player.message(at(33 * 40 + 1), from);
    player.command(playId, "receiveVideo", null, true);
    await player.status("NetStream.Seek.Notify");
    await player.message(at(33 * 40), from);
    const receivedVideo = player.messages.slice(from).findIndex((m) => m.type === MessageType.video && m.timestamp >= 32 * 40);
    const notified = player.messages.slice(from).findIndex((m) => m.type === MessageType.commandAmf0);
    assert.ok(receivedVideo > notified);
  });

  it("lets go of a viewer that stops reading, and nobody else notices", async () => {
    await using here = await place({ stallTimeout: 300, retention: { beforeNewestStart: 0, maxBytes: 8e6 } });
    const publisher = await here.client();
    const streamId = await publisher.publish("live", "cam");
    sendHeaders(publisher, streamId);
    sendFrames(publisher, streamId, 0, 1);
    const stopped = await here.client();
    const good = await here.client();
    await stopped.play("live", "cam");
    await good.play("live", "cam");
    stopped.socket.pause();
    let last = 0;
    for (let i = 1; here.listener.sessions === 3; i++) {
      publisher.send(6, MessageType.video, i * 40, streamId, videoBody(i % 10 === 0, i, 300_000));
      await new Promise((resolve) => setTimeout(resolve, 5));
      last = i;
    }
    await good.message((m) => m.type === MessageType.video && m.timestamp === last * 40);
    const times = good.of(MessageType.video).map((m) => m.timestamp);
    assert.equal(times.length, last + 2);
    assert.ok(here.hub.streams.get("live/cam")!.viewers === 1);
  });

  it("takes as many viewers as it may, those who wait included, and each seat again", async () => {
    let seats = 1;
    const admit = (): (() => void) => {
      if (seats === 0) throw new Refusal("full", "No seat is free.");
      seats -= 1;
      return () => void (seats += 1);
    };
    await using here = await place({}, { admit });
    const client = await here.client();
    await client.connectApp("live");
    const [one, two] = [await client.createStream(), await client.createStream()];
    client.command(one, "play", null, "cam");
    client.command(two, "play", null, "cam");
    assert.equal((await client.status("NetStream.Play.Failed")).streamId, two);
    client.command(0, "deleteStream", null, one);
    const publisher = await here.client();
    const streamId = await publisher.publish("live", "cam");
    sendHeaders(publisher, streamId);
    sendFrames(publisher, streamId, 0, 1);
    client.command(two, "play", null, "cam");
    await client.message(at(1));
    assert.equal(seats, 0);
    client.socket.destroy();
    while (here.listener.sessions > 1) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(seats, 1);
  });
});
