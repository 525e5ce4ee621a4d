import assert from "node:assert/strict";
import { connect as connectSocket, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { Writer } from "../src/bytes/writer.ts";
import { amfObject, encodeAmf0, type AmfValue } from "../src/containers/flv/amf0.ts";
import { Hub } from "../src/hub/hub.ts";
import { writeChunkHeader } from "../src/protocols/rtmp/chunk-header.ts";
import { chunkedMessage } from "../src/protocols/rtmp/chunk-writer.ts";
import { setChunkSize, userControl, UserControlEvent } from "../src/protocols/rtmp/control.ts";
import { ClientHandshake } from "../src/protocols/rtmp/handshake.ts";
import type { LogFields } from "../src/protocols/rtmp/log.ts";
import { MessageType } from "../src/protocols/rtmp/message.ts";
import { RtmpListener } from "../src/protocols/rtmp/rtmp-listener.ts";
import { RtmpClient } from "./support/rtmp-client.ts";
import { aacHeader, avcHeader, metadata, sendFrames, sendHeaders, videoBody } from "./support/rtmp-media.ts";

/** Shorter than the real ones, to the same effect. */
const limits = { handshakeMs: 400, setupMs: 800, stalledMessageMs: 500, pingMs: 20_000, closeMs: 200 };

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const repeat = (text: string, count: number): Uint8Array => hex(text.repeat(count));

/** A server with one good publisher and one good viewer, who must not notice anything. */
class Neighbourhood {
  readonly hub = new Hub({ grace: 100 });
  readonly reasons: string[] = [];
  readonly faults: unknown[] = [];
  readonly listener: RtmpListener;
  #publisher!: RtmpClient;
  #viewer!: RtmpClient;
  #frame = 0;

  constructor() {
    const note = (fields: LogFields): void => void this.reasons.push(`${String(fields["code"] ?? "")}: ${String(fields["reason"] ?? "")}`);
    const ignore = (): void => undefined;
    const log = { debug: ignore, info: ignore, warn: note, error: (fields: LogFields) => this.faults.push(fields["err"]) };
    this.listener = new RtmpListener({ hub: this.hub, log, limits, webPort: 8080, waitForPublisher: 50 });
  }

  async open(): Promise<void> {
    await this.listener.listen({ port: 0, host: "127.0.0.1" });
    this.#publisher = await RtmpClient.connect(this.port);
    const streamId = await this.#publisher.publish("good", "stream");
    sendHeaders(this.#publisher, streamId);
    sendFrames(this.#publisher, streamId, 0, 1);
    this.#viewer = await RtmpClient.connect(this.port);
    await this.#viewer.play("good", "stream");
  }

  get port(): number {
    return this.listener.address()!.port;
  }

  /** One more second of the good stream reaches the good viewer. @param others sessions that may be there as well */
  async unharmed(others = 0): Promise<void> {
    sendFrames(this.#publisher, 1, this.#frame + 1, 25);
    this.#frame += 25;
    await this.#viewer.message((message) => message.type === MessageType.audio && message.timestamp === this.#frame * 40 + 1);
    assert.deepEqual(this.faults, []);
    assert.ok(this.listener.sessions <= 2 + others);
    assert.deepEqual([...this.hub.streams.keys()], ["good/stream"]);
    assert.equal(this.hub.waiting, 0);
  }

  async close(): Promise<void> {
    const seen = this.#viewer.of(MessageType.video).filter((message) => message.body[1] === 1);
    assert.equal(seen.length, this.#frame + 1);
    this.#publisher.socket.destroy();
    this.#viewer.socket.destroy();
    this.hub.close();
    await this.listener.close();
  }

  /** Waits until only the good ones are left: the session under test was ended by the server, its stream after grace. */
  async emptied(): Promise<void> {
    const deadline = Date.now() + 5_000;
    while (this.listener.sessions > 2 || this.hub.streams.size > 1) {
      if (Date.now() > deadline) assert.fail(`${this.listener.sessions - 2} sessions were not ended`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** What a bad peer does once it is connected to an app, and the reason that the log must give. */
interface Misdeed {
  readonly name: string;
  readonly reason: RegExp;
  readonly act: (client: RtmpClient) => void | Promise<void>;
}

const command = (client: RtmpClient, body: Uint8Array): void => client.send(3, MessageType.commandAmf0, 0, 0, body);

/** A command whose object holds these raw AMF0 bytes. */
const withArgument = (argument: Uint8Array): Uint8Array => Uint8Array.from([...encodeAmf0("releaseStream", 2, null), ...argument]);

/** Publishes and then sends media that is wrong. */
function asPublisher(media: (client: RtmpClient, streamId: number) => void): (client: RtmpClient) => Promise<void> {
  return async (client) => {
    const streamId = await client.createStream();
    client.command(streamId, "publish", null, "bad", "live");
    await client.status("NetStream.Publish.Start");
    media(client, streamId);
  };
}

function chunkHeader(chunkStreamId: number, length: number, type: number = MessageType.video): Uint8Array {
  const writer = new Writer(20);
  writeChunkHeader(writer, { format: 0, chunkStreamId, time: 0, length, type, streamId: 1 });
  return writer.done();
}

const publishNamed = (name: AmfValue) => async (client: RtmpClient) => {
  client.command(await client.createStream(), "publish", null, name, "live");
};

const misdeeds: readonly Misdeed[] = [
  { name: "AMF objects nested 30,000 deep", reason: /nested/, act: (client) => command(client, withArgument(repeat("03000161", 15_000))) },
  { name: "AMF arrays nested 30,000 deep", reason: /nested/, act: (client) => command(client, withArgument(repeat("0a00000001", 12_000))) },
  { name: "a strict array of 2^32-1", reason: /array/, act: (client) => command(client, withArgument(hex("0affffffff"))) },
  {
    name: "an object that contains itself",
    reason: /itself/,
    act: (client) => command(client, withArgument(hex("03 000161 070000 000009"))),
  },
  { name: "AMF cut short", reason: /truncated/, act: (client) => command(client, withArgument(hex("02ffff61"))) },
  { name: "a command without a name", reason: /without a name/, act: (client) => command(client, encodeAmf0(5, 1)) },
  { name: "publish with true for a name", reason: /publish with a boolean/, act: publishNamed(true) },
  { name: "publish with false for a name", reason: /publish with a boolean/, act: publishNamed(false) },
  { name: "publish with an object for a name", reason: /publish with a object/, act: publishNamed(amfObject()) },
  { name: "play with a number for a name", reason: /play with a number/, act: (client) => void client.command(1, "play", null, 5) },
  { name: "publish on message stream 0", reason: /message stream 0/, act: (client) => void client.command(0, "publish", null, "x") },
  { name: "connect twice", reason: /connect twice/, act: (client) => void client.connectApp("bad").catch(() => undefined) },
  { name: "publish twice", reason: /publish twice/, act: asPublisher((client, id) => void client.command(id, "publish", null, "worse")) },
  { name: "chunk size 0", reason: /chunk size 0/, act: (client) => client.raw(setChunkSize(0)) },
  { name: "chunk size 1", reason: /chunk size 1/, act: (client) => client.raw(setChunkSize(1)) },
  { name: "chunk size 2^31", reason: /chunk size 2147483648/, act: (client) => client.raw(setChunkSize(2 ** 31)) },
  { name: "chunk size -1", reason: /chunk size 4294967295/, act: (client) => client.raw(setChunkSize(2 ** 32 - 1)) },
  { name: "a format 3 header first", reason: /chunk stream begins/, act: (client) => client.raw(hex("c9 00")) },
  {
    name: "a header change inside a message",
    reason: /unfinished message/,
    act: asPublisher((client) => {
      client.raw(chunkHeader(6, 66_000));
      client.raw(new Uint8Array(65_536));
      client.raw(chunkHeader(6, 66_001));
    }),
  },
  { name: "a 16 MB message before publish", reason: /16777215 bytes/, act: (client) => client.raw(chunkHeader(6, 0xffffff)) },
  {
    name: "large messages on many chunk streams",
    reason: /unfinished messages/,
    act: asPublisher((client) => {
      for (let id = 10; id < 60; id++) client.raw(Buffer.concat([chunkHeader(id, 8_000_000), new Uint8Array(65_536)]));
    }),
  },
  {
    name: "more chunk streams than there are uses for",
    reason: /chunk streams/,
    act: (client) => {
      for (let id = 10; id < 200; id++) client.raw(chunkHeader(id, 0, 200));
    },
  },
  {
    name: "createStream without end",
    reason: /message streams/,
    act: (client) => {
      for (let i = 0; i < 1000; i++) client.command(0, "createStream", null);
    },
  },
  { name: "a Set Chunk Size of two bytes", reason: /Set Chunk Size/, act: (client) => client.send(2, 1, 0, 0, hex("0000")) },
  { name: "a user control message of one byte", reason: /wanted/, act: (client) => client.send(2, 4, 0, 0, hex("00")) },
  { name: "nothing after connect", reason: /publish or play took too long/, act: () => undefined },
  {
    name: "pings for ever and nothing else",
    reason: /publish or play took too long/,
    act: (client) => {
      const timer = setInterval(() => client.raw(userControl(UserControlEvent.pingRequest, 1)), 20);
      void client.closed.then(() => clearInterval(timer));
    },
  },
  {
    name: "a message begun and not finished",
    reason: /begun and not finished/,
    act: asPublisher((client) => client.raw(Buffer.concat([chunkHeader(6, 5000), new Uint8Array(10)]))),
  },
  {
    name: "a message dripped byte by byte",
    reason: /begun and not finished/,
    act: asPublisher((client) => {
      client.raw(chunkHeader(6, 5000));
      const timer = setInterval(() => client.raw(hex("17")), 20);
      void client.closed.then(() => clearInterval(timer));
    }),
  },
  {
    name: "NAL lengths that lie",
    reason: /truncated|malformed/,
    act: asPublisher((client, id) => {
      sendHeaders(client, id);
      client.send(6, MessageType.video, 0, id, hex("17 01 000000 7fffffff 65 88"));
    }),
  },
  {
    name: "a broken SPS",
    reason: /truncated|malformed/,
    act: asPublisher((client, id) => client.send(6, 9, 0, id, avcHeader.subarray(0, 16))),
  },
  {
    name: "an AudioSpecificConfig cut short",
    reason: /truncated/,
    act: asPublisher((client, id) => client.send(4, 8, 0, id, aacHeader.subarray(0, 3))),
  },
  { name: "a video tag of one byte", reason: /truncated/, act: asPublisher((client, id) => client.send(6, 9, 0, id, hex("17"))) },
  { name: "a video tag of three bytes", reason: /truncated/, act: asPublisher((client, id) => client.send(6, 9, 0, id, hex("170100"))) },
  { name: "an audio tag of one byte", reason: /truncated/, act: asPublisher((client, id) => client.send(4, 8, 0, id, hex("af"))) },
  { name: "an unknown FourCC", reason: /unsupported/, act: asPublisher((client, id) => client.send(6, 9, 0, id, hex("90 78797a7a 00"))) },
  {
    name: "@setDataFrame inside itself without end",
    reason: /./,
    act: asPublisher((client, id) => {
      client.send(6, 18, 0, id, repeat("02000d40736574446174614672616d65", 90_000));
      client.send(6, 18, 0, id, hex("fefefe"));
    }),
  },
  { name: "data that is no AMF", reason: /AMF0/, act: asPublisher((client, id) => client.send(6, 18, 0, id, hex("fefefe"))) },
];

/** All that a publisher sends after its handshake, in small chunks, to be damaged. */
function wholePublication(): Uint8Array {
  const pieces: Uint8Array[] = [];
  const say = (name: string, id: number, streamId: number, ...values: AmfValue[]): void => {
    const body = encodeAmf0(name, id, ...values);
    pieces.push(chunkedMessage(3, { type: MessageType.commandAmf0, timestamp: 0, streamId, body }));
  };
  const put = (chunkStreamId: number, type: number, timestamp: number, body: Uint8Array): void =>
    void pieces.push(chunkedMessage(chunkStreamId, { type, timestamp, streamId: 1, body }));
  pieces.push(setChunkSize(65_536));
  say("connect", 1, 0, amfObject({ app: "bad", tcUrl: "rtmp://x/bad", fourCcList: ["*"], capsEx: 3 }));
  say("createStream", 2, 0, null);
  say("publish", 3, 1, null, "fuzz", "live");
  put(4, 18, 0, metadata);
  put(6, 9, 0, avcHeader);
  put(4, 8, 0, aacHeader);
  for (let i = 0; i < 6; i++) put(6, 9, i * 40, videoBody(i % 3 === 0, i));
  say("play", 4, 2, null, "fuzz", -2);
  say("deleteStream", 5, 0, null, 1);
  return Buffer.concat(pieces);
}

/** What a peer sends in place of a handshake. */
const strangers: readonly { readonly name: string; readonly bytes: Uint8Array; readonly reason: RegExp }[] = [
  { name: "nothing at all", bytes: new Uint8Array(0), reason: /handshake took too long/ },
  { name: "half a handshake", bytes: new ClientHandshake().hello.subarray(0, 700), reason: /handshake took too long/ },
  { name: "C0 and C1 alone", bytes: new ClientHandshake().hello, reason: /handshake took too long/ },
  { name: "TLS", bytes: hex("16 0301 0200 01 0001fc 0303"), reason: /tls/ },
  { name: "HTTP", bytes: Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), reason: /http/ },
  { name: "RTMPE", bytes: Uint8Array.from([6, ...new ClientHandshake().hello.subarray(1)]), reason: /RTMPE/ },
  { name: "bytes that are nothing", bytes: new Uint8Array(4000).fill(0xe7), reason: /unknown on the RTMP port/ },
  {
    name: "a handshake and then noise",
    bytes: Buffer.concat([new ClientHandshake().hello, new Uint8Array(1536 + 4000).fill(0xe7)]),
    reason: /./,
  },
];

/** A socket, its answer so far, and its end. */
function stranger(
  port: number,
  bytes: Uint8Array,
): { readonly socket: Socket; readonly answer: () => string; readonly closed: Promise<void> } {
  const socket = connectSocket({ port, host: "127.0.0.1" });
  let answer = "";
  socket.on("error", () => undefined);
  socket.on("data", (data: Buffer) => (answer += data.toString("latin1")));
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.write(bytes);
  return { socket, answer: () => answer, closed };
}

describe("RTMP, bad input and bad peers", () => {
  const town = new Neighbourhood();
  before(() => town.open());
  after(() => town.close());

  for (const { name, bytes, reason } of strangers) {
    it(`ends ${name}`, async () => {
      town.reasons.length = 0;
      const { closed, answer } = stranger(town.port, bytes);
      await closed;
      await town.emptied();
      assert.match(town.reasons.join("\n"), reason);
      if (name === "HTTP") assert.match(answer(), /^HTTP\/1.1 400 [^]*port 8080/);
      await town.unharmed();
    });
  }

  for (const { name, reason, act } of misdeeds) {
    it(`ends ${name}`, async () => {
      town.reasons.length = 0;
      using client = await RtmpClient.connect(town.port);
      await client.connectApp("bad");
      await act(client);
      await client.closed;
      await town.emptied();
      assert.match(town.reasons.join("\n"), reason);
      await town.unharmed();
    });
  }

  for (const missing of ["tcUrl", "app"]) {
    it(`refuses connect without ${missing}, in words`, async () => {
      using client = await RtmpClient.connect(town.port);
      const answer = client.connectApp("bad", { [missing]: undefined });
      assert.equal((await answer).name, "_error");
      await client.closed;
      await town.emptied();
      await town.unharmed();
    });
  }

  it("refuses commands before connect", async () => {
    using client = await RtmpClient.connect(town.port);
    client.raw(setChunkSize(65536));
    client.command(0, "createStream", null);
    await client.closed;
    await town.emptied();
    await town.unharmed();
  });

  it("takes __proto__ for a name like any other", async () => {
    using client = await RtmpClient.connect(town.port);
    await client.connectApp("bad");
    const polluting = hex("03 0009 5f5f70726f746f5f5f 03 0008 706f6c6c75746564 0101 000009 000009");
    command(client, withArgument(polluting));
    await client.heard((heard) => heard.name === "_result" && heard.transactionId === 2);
    assert.equal(({} as { polluted?: unknown }).polluted, undefined);
    client.socket.destroy();
    await town.emptied();
    await town.unharmed();
  });

  it("takes tags of no bytes, lying aggregates and messages of unknown types for nothing", async () => {
    using client = await RtmpClient.connect(town.port);
    await client.connectApp("bad");
    await asPublisher((publisher, id) => {
      sendHeaders(publisher, id);
      for (const type of [8, 9, 15, 18]) publisher.send(4, type, 0, id, new Uint8Array(0));
      publisher.send(6, MessageType.aggregate, 0, id, hex("09 ffffff 000000 00 000000 17"));
      publisher.send(6, MessageType.aggregate, 0, id, hex("16 000000 000000 00 000000 0000000b"));
      publisher.send(6, 99, 0, id, videoBody(true, 1));
      publisher.send(6, MessageType.video, 40, id, videoBody(true, 1));
    })(client);
    assert.equal((await client.call("_checkbw", null)).name, "_result");
    client.command(1, "publish", null, false);
    await client.status("NetStream.Unpublish.Success");
    client.socket.destroy();
    await town.emptied();
    await town.unharmed();
  });

  it("ends a peer that asks without end and reads no answer", async () => {
    town.reasons.length = 0;
    using client = await RtmpClient.connect(town.port);
    await client.connectApp("bad");
    client.socket.pause();
    const ask = encodeAmf0("makeCoffee", 7, null);
    const flood = (): void => {
      while (!client.socket.destroyed && client.socket.writableLength < 1 << 20) command(client, ask);
    };
    flood();
    client.socket.on("drain", flood);
    await town.emptied();
    assert.match(town.reasons.join("\n"), /does not read our answers|took too long/);
    client.socket.destroy();
    await town.unharmed();
  });

  it("survives publications with damaged bytes, whatever the damage", async () => {
    const whole = wholePublication();
    const opening = Buffer.concat([new ClientHandshake().hello, new Uint8Array(1536)]);
    const damage = fc.array(fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(damage, fc.boolean(), async (changes, once) => {
        const bytes = whole.slice();
        for (const [at, value] of changes) bytes[at] = value;
        const { socket, closed } = stranger(town.port, once ? Buffer.concat([opening, bytes]) : opening);
        if (!once) for (let at = 0; at < bytes.length; at += 100) socket.write(bytes.subarray(at, at + 100));
        socket.end();
        await closed;
        assert.deepEqual(town.faults, []);
      }),
      { numRuns: 150 },
    );
    await town.emptied();
    await town.unharmed();
  });

  it("survives 300 stalled handshakes at once", async () => {
    const c1 = new ClientHandshake().hello;
    const stalled = Array.from({ length: 300 }, (_, i) => stranger(town.port, c1.subarray(0, (i * 11) % c1.length)));
    await town.unharmed(300);
    await Promise.all(stalled.map(({ closed }) => closed));
    await town.emptied();
    await town.unharmed();
  });

  it("survives 100,000 plays of names that nobody publishes", async () => {
    using client = await RtmpClient.connect(town.port);
    await client.connectApp("bad");
    const ids = [await client.createStream(), await client.createStream(), await client.createStream()];
    for (let i = 0; i < 100_000; i++) {
      client.command(ids[i % 3]!, "play", null, `nobody-${i}`);
      if (i % 1000 !== 999) continue;
      await client.call("_checkbw", null);
      client.messages.length = 0;
    }
    assert.ok(town.hub.waiting <= 3);
    await client.status("NetStream.Play.StreamNotFound");
    client.socket.destroy();
    await town.emptied();
    await town.unharmed();
  });
});
