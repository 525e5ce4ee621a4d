import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Writer } from "../../bytes/writer.ts";
import { amfObject, amfProperties, encodeAmf0 } from "../../containers/flv/amf0.ts";
import { RtmpClient, statusCode } from "../../../test/support/rtmp-client.ts";
import { avcHeader, sendFrames, sendHeaders, videoBody } from "../../../test/support/rtmp-media.ts";
import { at, frames, hex, place, sentFrames } from "../../../test/support/rtmp-place.ts";
import { UserControlEvent, readControl, setPeerBandwidth, userControl, windowAcknowledgementSize } from "./control.ts";
import { DigestScheme } from "./handshake-digest.ts";
import { MessageType } from "./message.ts";

describe("RTMP session", () => {
  it("carries a stream from a publisher to players, bit for bit, over any handshake", async () => {
    await using here = await place();
    const publisher = await here.client(DigestScheme.digestFirst);
    const streamId = await publisher.publish("live", "cam?token=1");
    sendHeaders(publisher, streamId);
    sendFrames(publisher, streamId, 0, 5);
    for (const scheme of [undefined, DigestScheme.keyFirst]) {
      const player = await here.client(scheme);
      // Another split of the same path.
      const playId = await player.play("", "live/cam");
      await player.message(at(161));
      assert.deepEqual(frames(player), sentFrames(0, 5));
      const media = player.messages.filter((m) => m.streamId === playId && m.type !== MessageType.commandAmf0);
      assert.deepEqual(
        media.slice(0, 4).map((m) => m.type),
        [MessageType.dataAmf0, MessageType.dataAmf0, MessageType.video, MessageType.audio],
      );
      assert.equal(hex(media[2]!.body), hex(avcHeader));
      assert.equal(amfProperties(RtmpClient.values(media[1]!)[1])?.["title"], "test");
      assert.deepEqual(player.codes, ["NetStream.Play.Reset", "NetStream.Play.Start"]);
    }
    assert.deepEqual([...here.hub.streams.keys()], ["live/cam"]);
  });

  it("refuses a second publisher, unless it is the first one come back", async () => {
    await using here = await place();
    const publisher = await here.client();
    await publisher.publish("live", "cam");
    const rival = await here.client();
    await rival.connectApp("live", { flashVer: "another" });
    rival.command(await rival.createStream(), "publish", null, "cam", "live");
    const refused = await rival.status("NetStream.Publish.BadName");
    assert.equal(amfProperties(refused.args[0])?.["level"], "error");
    const same = await here.client();
    await same.publish("live", "cam");
    await publisher.status("NetStream.Publish.BadName");
    await publisher.closed;
  });

  it("publishes and plays several streams on one connection, each on its own message stream", async () => {
    await using here = await place();
    const client = await here.client();
    const first = await client.publish("live", "one");
    const second = await client.createStream();
    client.command(second, "publish", null, "two", "live");
    await client.heard((heard) => heard.streamId === second && heard.name === "onStatus");
    for (const id of [first, second]) sendHeaders(client, id);
    sendFrames(client, first, 0, 2);
    sendFrames(client, second, 0, 4);
    const third = await client.createStream();
    assert.deepEqual([first, second, third], [1, 2, 3]);
    client.command(third, "play", null, "two");
    const last = await client.message(at(121));
    assert.equal(last.streamId, third);
    assert.deepEqual(frames(client), sentFrames(0, 4));
    client.command(0, "deleteStream", null, third);
    assert.equal(await client.createStream(), 3);
    assert.equal(here.hub.streams.size, 2);
  });

  it("answers what clients ask besides", async () => {
    await using here = await place();
    const client = await here.client();
    await client.connectApp("live");
    for (const name of ["releaseStream", "FCPublish", "FCUnpublish", "FCSubscribe", "_checkbw"]) {
      assert.equal((await client.call(name, null, "cam")).name, "_result", name);
    }
    for (const name of ["onFCPublish", "onFCUnpublish", "onFCSubscribe"]) await client.heard((heard) => heard.name === name);
    assert.deepEqual((await client.call("getStreamLength", null, "cam")).args, [0]);
    const unknown = await client.call("makeCoffee", null);
    assert.equal(unknown.name, "_error");
    assert.equal(amfProperties(unknown.args[0])?.["code"], "NetConnection.Call.Failed");
    const streamId = await client.createStream();
    client.command(streamId, "seek", null, 1000);
    assert.equal((await client.status("NetStream.Seek.Failed")).streamId, streamId);
    client.command(streamId, "play2", null, amfObject({ streamName: "x" }));
    await client.status("NetStream.Play.Failed");
  });

  it("answers Enhanced RTMP in its own terms and echoes the object encoding", async () => {
    await using here = await place();
    const client = await here.client();
    const asked = { fourCcList: ["*"], videoFourCcInfoMap: amfObject({ "*": 7 }), capsEx: 15, objectEncoding: 3 };
    const { object, args } = await client.connectApp("live", asked);
    for (const answer of [object, args[0]]) {
      const properties = amfProperties(answer)!;
      assert.ok((properties["fourCcList"] as string[]).includes("hvc1"));
      assert.equal(amfProperties(properties["videoFourCcInfoMap"])?.["av01"], 4);
      assert.equal(properties["audioFourCcInfoMap"], undefined);
      assert.equal(properties["capsEx"], 12);
    }
    assert.equal(amfProperties(args[0])?.["objectEncoding"], 3);
    const plain = await here.client();
    assert.equal(amfProperties((await plain.connectApp("live")).args[0])?.["fourCcList"], undefined);
  });

  it("takes commands and data in AMF3 form, passes data on, and sends AMF3 data to who asked for it", async () => {
    await using here = await place();
    const publisher = await here.client();
    await publisher.connectApp("live", { objectEncoding: 3 });
    const streamId = await publisher.createStream();
    const amf3 = (body: Uint8Array): Uint8Array => Uint8Array.from([0, ...body]);
    publisher.send(3, MessageType.commandAmf3, 0, streamId, amf3(encodeAmf0("publish", 0, null, "cam", "live")));
    await publisher.status("NetStream.Publish.Start");
    sendHeaders(publisher, streamId);
    sendFrames(publisher, streamId, 0, 1);
    publisher.send(4, MessageType.dataAmf3, 20, streamId, amf3(encodeAmf0("onTextData", amfObject({ text: "hello" }))));
    sendFrames(publisher, streamId, 1, 1);
    for (const [objectEncoding, type] of [
      [0, MessageType.dataAmf0],
      [3, MessageType.dataAmf3],
    ] as const) {
      const player = await here.client();
      await player.connectApp("live", { objectEncoding });
      player.command(await player.createStream(), "play", null, "cam");
      await player.message(at(41));
      const names = player.of(type).map((message) => RtmpClient.values(message)[0]);
      assert.deepEqual(names.slice(-3), ["|RtmpSampleAccess", "onMetaData", "onTextData"]);
    }
  });

  it("takes aggregate messages apart", async () => {
    await using here = await place();
    const publisher = await here.client();
    const streamId = await publisher.publish("live", "cam");
    sendHeaders(publisher, streamId);
    const body = new Writer();
    for (let i = 0; i < 3; i++) {
      const part = videoBody(i === 0, i);
      body
        .u8(9)
        .u24(part.length)
        .u24(900 + i * 40)
        .u8(0)
        .u24(0)
        .bytes(part)
        .u32(11 + part.length);
    }
    publisher.send(6, MessageType.aggregate, 0, streamId, body.done());
    const player = await here.client();
    await player.play("live", "cam");
    await player.message(at(80));
    assert.deepEqual(
      frames(player),
      [0, 1, 2].map((i) => `9 ${i * 40} ${hex(videoBody(i === 0, i))}`),
    );
  });

  it("answers pings, acknowledges what it receives and names its window where asked", async () => {
    await using here = await place();
    const client = await here.client();
    await client.connectApp("live");
    client.raw(userControl(UserControlEvent.pingRequest, 4711));
    const pong = await client.message((m) => m.type === MessageType.userControl && m.body[1] === UserControlEvent.pingResponse);
    assert.deepEqual(readControl(pong.type, pong.body), { kind: "pingResponse", time: 4711 });
    client.raw(windowAcknowledgementSize(1000));
    client.raw(setPeerBandwidth(777, 0));
    await client.message((m) => m.type === MessageType.windowAcknowledgementSize && hex(m.body) === "00000309");
    client.send(7, MessageType.sharedObjectAmf0, 0, 0, new Uint8Array(5000));
    const ack = await client.message((m) => m.type === MessageType.acknowledgement);
    assert.ok(new DataView(ack.body.buffer, ack.body.byteOffset).getUint32(0) > 3073);
  });

  it("publishes where all of the path is in the app, and stops by a publish without a name", async () => {
    await using here = await place();
    const client = await here.client();
    const streamId = await client.publish("live/cam", "");
    assert.deepEqual([...here.hub.streams.keys()], ["live/cam"]);
    client.command(streamId, "publish", null, false);
    await client.status("NetStream.Unpublish.Success");
    client.command(streamId, "publish", null, "again");
    await client.status("NetStream.Publish.Start");
    // GStreamer deletes a stream by its name.
    client.command(0, "deleteStream", null, "again");
    assert.equal(await client.createStream(), 1);
    assert.equal(here.hub.streams.size, 0);
  });

  it("refuses names that cannot be used, with the reason", async () => {
    await using here = await place();
    const client = await here.client();
    await client.connectApp("api");
    const streamId = await client.createStream();
    client.command(streamId, "publish", null, "cam");
    const refused = await client.status("NetStream.Publish.BadName");
    assert.match(JSON.stringify(amfProperties(refused.args[0])?.["description"]), /api/);
    client.command(streamId, "play", null, "../x");
    await client.status("NetStream.Play.StreamNotFound");
  });

  it("ends all sessions in words when the listener closes, and leaves other listeners alone", async () => {
    await using here = await place();
    await using other = await place();
    const stays = await other.client();
    await stays.publish("live", "cam");
    const publisher = await here.client();
    const streamId = await publisher.publish("live", "cam");
    sendHeaders(publisher, streamId);
    sendFrames(publisher, streamId, 0, 1);
    const player = await here.client();
    await player.play("live", "cam");
    await here.listener.close();
    await publisher.closed;
    await player.closed;
    assert.ok(publisher.codes.includes("NetStream.Unpublish.Success"));
    assert.ok(player.codes.includes("NetStream.Play.UnpublishNotify"));
    assert.equal(player.codes.at(-1), "NetConnection.Connect.AppShutdown");
    assert.equal(here.listener.sessions, 0);
    assert.equal((await stays.call("_checkbw", null)).name, "_result");
  });

  it("ends publishers and players in words when the hub closes", async () => {
    await using here = await place();
    const publisher = await here.client();
    const streamId = await publisher.publish("live", "cam");
    sendHeaders(publisher, streamId);
    sendFrames(publisher, streamId, 0, 1);
    const player = await here.client();
    await player.play("live", "cam");
    here.hub.close();
    await Promise.all([publisher.closed, player.closed]);
    assert.ok(publisher.codes.includes("NetStream.Unpublish.Success"));
    assert.ok(player.codes.includes("NetStream.Play.UnpublishNotify"));
  });

  it("goes on where a connection publishes the same name again on another message stream", async () => {
    await using here = await place();
    const client = await here.client();
    const first = await client.publish("live", "cam");
    const second = await client.createStream();
    client.command(second, "publish", null, "cam", "live");
    await client.heard((heard) => heard.streamId === second && statusCode(heard) === "NetStream.Publish.Start");
    assert.equal((await client.status("NetStream.Publish.BadName")).streamId, first);
    assert.equal((await client.call("_checkbw", null)).name, "_result");
    assert.equal(here.hub.streams.size, 1);
  });

  it("pings who is silent, and gives up a publisher that does not answer, but no player", async () => {
    await using here = await place({ grace: 0 }, { limits: { pingMs: 100 } });
    // Silent for longer than the publisher.
    const mute = await here.client();
    await mute.connectApp("live");
    mute.command(await mute.createStream(), "play", null, "nobody");
    const publisher = await here.client();
    const streamId = await publisher.publish("live", "cam");
    sendHeaders(publisher, streamId);
    sendFrames(publisher, streamId, 0, 1);
    const player = await here.client();
    await player.play("live", "cam");
    await publisher.message((m) => m.type === MessageType.userControl && m.body[1] === UserControlEvent.pingRequest);
    await publisher.closed;
    await player.status("NetStream.Play.UnpublishNotify");
    assert.equal(here.hub.streams.size, 0);
    await mute.message((m) => m.type === MessageType.userControl && m.body[1] === UserControlEvent.pingRequest);
    assert.equal((await mute.call("_checkbw", null)).name, "_result");
  });

  it("takes no more connections than it may", async () => {
    await using here = await place({}, { maxConnectionsPerAddress: 1 });
    const first = await here.client();
    await assert.rejects(here.client());
    first.socket.destroy();
    await first.closed;
    while (here.listener.sessions > 0) await new Promise((resolve) => setImmediate(resolve));
    await here.client();
  });
});
