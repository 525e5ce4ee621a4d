/** Containers of plug-ins are like ours, and their faults are their own. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { afterEach, describe, it } from "node:test";
import type { Muxer, MuxerSink } from "../src/index.ts";
import { plain, plainMuxer, plugin, turn, PluginServer } from "./support/plugin-server.ts";
import { RawConnection } from "./support/raw-connection.ts";
import { Tone, toneTrack } from "./support/tone.ts";

const servers = new PluginServer();

afterEach(() => servers.close());

describe("a container of a plug-in", () => {
  it("is one like ours: over HTTP, over WebSocket, with its own parameters, and in the lists", async () => {
    const format = plain({
      title: "Plain",
      webSocket: true,
      parameters: { case: ["lower", "upper"] },
      muxer: ({ parameters, ...kinds }) =>
        plainMuxer((sink) => ({
          generation: () => sink.init({ bytes: Buffer.from(`${parameters["case"]} ${JSON.stringify(kinds)}\n`), description: "{}" }),
        }))({ parameters, ...kinds }),
    });
    const made = await servers.open([plugin((each) => each.addContainer(format))]);
    const tone = new Tone(made.hub, "live/tone");
    const stop = tone.run(4);
    const text = async (path: string): Promise<string> => {
      const viewer = await RawConnection.open(servers.port);
      viewer.send(`GET ${path} HTTP/1.0\r\n\r\n`);
      await viewer.until((received) => received.includes("}\n"));
      viewer.socket.destroy();
      return viewer.received.toString().split("\r\n\r\n")[1]!.split("\n")[0]!;
    };
    assert.equal(await text("/live/tone.plain"), 'lower {"video":true,"audio":true}');
    assert.equal(await text("/live/tone.plain?case=upper&only=audio"), 'upper {"video":false,"audio":true}');
    assert.equal(await (await fetch(`${servers.base}/live/tone.plain?case=title`)).text(), "?case= takes lower or upper.\n");
    assert.equal(await (await fetch(`${servers.base}/live/tone.plain?only=video`)).text(), "The stream has no video.\n");
    const socket = new WebSocket(`${servers.base.replace("http", "ws")}/live/tone.plain`);
    const [message] = (await once(socket, "message")) as [MessageEvent];
    assert.equal(message.data, "{}");
    socket.close();
    stop();
    assert.match(await (await fetch(`${servers.base}/live/tone.none`)).text(), /ends in \.flv, .*, or \.plain/);
  });

  it("its muxer hears only of tracks that go in", async () => {
    const heard: string[] = [];
    const format = plain({
      cannotCarry: ({ codec }) => (codec === "aac" ? undefined : `no ${codec}`),
      muxer: plainMuxer((sink) => ({
        generation({ tracks }) {
          heard.push(tracks.map(({ id, codec }) => `${id}:${codec}`).join());
          sink.init({ bytes: Buffer.from("head") });
        },
        frame: ({ track }) => heard.push(String(track)),
      })),
    });
    const made = await servers.open([plugin((each) => each.addContainer(format))]);
    const tone = new Tone(made.hub, "live/tone");
    const viewer = await RawConnection.open(servers.port);
    viewer.send("GET /live/tone.plain HTTP/1.1\r\nHost: x\r\n\r\n");
    while (heard.length < 2) await turn();
    tone.publication.track({ ...toneTrack, id: 2, codec: "speex", isDefault: false });
    tone.publication.frame({ track: 2, dts: 40, pts: 40, sap: 1, discardable: false, data: new Uint8Array(5) });
    tone.send();
    while (heard.length < 3) await turn();
    assert.deepEqual(heard, ["1:aac", "1", "1"], "a track that does not go in is no change");
    viewer.socket.destroy();
  });

  it("a muxer that throws ends its own viewers: the others, and the publisher, notice nothing", async () => {
    const failing = plain({ muxer: plainMuxer(() => ({ frame: ({ data }) => assert.notEqual(data[0], 3, "a bug") })) });
    const made = await servers.open([plugin((each) => each.addContainer(failing))]);
    const tone = new Tone(made.hub, "live/tone");
    const [theirs, ours] = [await RawConnection.open(servers.port), await RawConnection.open(servers.port)];
    theirs.send("GET /live/tone.plain HTTP/1.1\r\nHost: x\r\n\r\n");
    ours.send("GET /live/tone.flv HTTP/1.1\r\nHost: x\r\n\r\n");
    await ours.until((text) => text.includes("FLV"));
    while (made.hub.streams.get("live/tone")!.viewers < 2) await turn();
    tone.send(5);
    await theirs.closed;
    const [fault, ...more] = servers.faults(/an output failed/);
    assert.deepEqual(more, []);
    assert.match((fault!["err"] as Error).message, /the plug-in "mine" failed in its muxer: a bug/);
    const before = ours.received.length;
    tone.send(1);
    while (ours.received.length === before) await turn();
    assert.equal(made.stream("live/tone").state, "live");
    ours.socket.destroy();
  });

  it("what a muxer must not write is caught where it writes it", async () => {
    const cases: Readonly<Record<string, (sink: MuxerSink) => Partial<Muxer>>> = {
      early: (sink) => ({ generation: () => sink.chunk({ parts: [Buffer.from("x")], dts: 0, randomAccess: true, urgent: true }) }),
      init: (sink) => ({ generation: () => sink.init({ bytes: "text" as unknown as Uint8Array }) }),
      part: (sink) => ({ frame: () => sink.chunk({ parts: ["text" as unknown as Uint8Array], dts: 0, randomAccess: true, urgent: true }) }),
      time: (sink) => ({ frame: () => sink.chunk({ parts: [Buffer.from("x")], dts: NaN, randomAccess: true, urgent: true }) }),
      missing: () => ({ discontinuity: undefined as unknown as Muxer["discontinuity"] }),
    };
    const formats = Object.entries(cases).map(([name, changes]) => plain({ name, extensions: [name], muxer: plainMuxer(changes) }));
    const made = await servers.open([plugin((each) => formats.forEach((format) => each.addContainer(format)))]);
    new Tone(made.hub, "live/tone");
    for (const name of Object.keys(cases)) {
      const answer = await fetch(`${servers.base}/live/tone.${name}`);
      assert.deepEqual([answer.status, await answer.text()], [500, "This server failed; its log says how.\n"], name);
    }
    assert.equal(servers.faults(/an HTTP request failed/).length, 5);
  });

  it("a muxer that writes when nobody called it is told so, and nobody else is", async () => {
    let late: MuxerSink | undefined;
    const made = await servers.open([plugin((each) => each.addContainer(plain({ muxer: plainMuxer((sink) => ((late = sink), {})) })))]);
    new Tone(made.hub, "live/tone");
    const viewer = await RawConnection.open(servers.port);
    viewer.send("GET /live/tone.plain HTTP/1.1\r\nHost: x\r\n\r\n");
    await viewer.until((text) => text.includes("tracks"));
    assert.throws(() => late!.init({ bytes: Buffer.from("x") }), /only while one of its methods is called/);
    viewer.socket.destroy();
  });

  it("other functions of it that fail cost a request, not the lists", async () => {
    const bug = (): never => {
      throw new Error("a bug");
    };
    const formats = [
      plain({ name: "a", extensions: ["a"], cannotCarry: bug }),
      plain({ name: "b", extensions: ["b"], mimeType: bug }),
      plain({ name: "c", extensions: ["c"], mimeType: () => "text\r\nX: y" }),
      plain({ name: "d", extensions: ["d"], muxer: bug }),
    ];
    const made = await servers.open([plugin((each) => formats.forEach((format) => each.addContainer(format)))]);
    new Tone(made.hub, "live/tone");
    const { streams } = (await (await fetch(`${servers.base}/api/v1/streams`)).json()) as { streams: { containers: string[] }[] };
    assert.deepEqual(streams[0]!.containers.slice(-3), ["b", "c", "d"]);
    assert.ok(!streams[0]!.containers.includes("a"));
    assert.equal((await fetch(`${servers.base}/live/tone.a`)).status, 415);
    for (const name of ["b", "c", "d"]) assert.equal((await fetch(`${servers.base}/live/tone.${name}`)).status, 500, name);
    assert.equal(made.hub.streams.get("live/tone")!.viewers, 0, "nobody was left watching");
  });

  it("a name or an extension that is taken fails the setup", () => {
    assert.throws(() => servers.make([plugin((each) => each.addContainer(plain({ extensions: ["flv"] })))]), /\.flv belongs to "flv"/);
  });
});
