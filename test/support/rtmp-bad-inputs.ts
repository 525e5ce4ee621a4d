/** What bad peers do to an RTMP port. Each ends one session, or is taken for nothing, and never hurts another. */
import assert from "node:assert/strict";
import { connect as connectSocket, type Socket } from "node:net";
import { Writer } from "../../src/bytes/writer.ts";
import { amfObject, encodeAmf0, type AmfValue } from "../../src/containers/flv/amf0.ts";
import { writeChunkHeader } from "../../src/protocols/rtmp/chunk-header.ts";
import { setChunkSize, userControl, UserControlEvent } from "../../src/protocols/rtmp/control.ts";
import { ClientHandshake } from "../../src/protocols/rtmp/handshake.ts";
import { MessageType } from "../../src/protocols/rtmp/message.ts";
import { RtmpClient } from "./rtmp-client.ts";
import { aacHeader, avcHeader, sendHeaders, videoBody } from "./rtmp-media.ts";

/** One thing that a bad peer does. */
export interface RtmpBadInput {
  readonly name: string;
  /** What the log says of it; undefined where the session is answered in words, or leaves by itself. */
  readonly reason?: RegExp;
  /** It keeps the server busy for as long as it goes on: what runs beside it cannot be timed. */
  readonly heavy?: boolean;
  /** @param port where RTMP is spoken. Resolves when the connection is closed, by the server where there is a `reason`. */
  readonly run: (port: number) => Promise<void>;
}

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const repeat = (text: string, count: number): Uint8Array => hex(text.repeat(count));

/** What a bad peer does once it is connected to an app, and the reason that the log must give. */
interface Misdeed {
  readonly name: string;
  readonly reason: RegExp;
  readonly heavy?: boolean;
  readonly act: (client: RtmpClient) => void | Promise<void>;
}

const command = (client: RtmpClient, body: Uint8Array): void => client.send(3, MessageType.commandAmf0, 0, 0, body);

/** A command whose object holds these raw AMF0 bytes. */
const withArgument = (argument: Uint8Array): Uint8Array => Uint8Array.from([...encodeAmf0("releaseStream", 2, null), ...argument]);

/** Publishes and then sends media that is wrong. */
function asPublisher(media: (client: RtmpClient, streamId: number) => void): (client: RtmpClient) => Promise<void> {
  return async (client) => {
    const streamId = await client.createStream();
    client.command(streamId, "publish", null, `bad-${client.socket.localPort}`, "live");
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
  { name: "a 16 MB message", reason: /16777215 bytes/, act: asPublisher((client) => client.raw(chunkHeader(6, 0xffffff))) },
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
    heavy: true,
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
    name: "an aggregate whose lengths lie",
    reason: /aggregate/,
    act: asPublisher((client, id) => client.send(6, MessageType.aggregate, 0, id, hex("09 ffffff 000000 00 000000 17"))),
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
  { name: "a video tag of two bytes", reason: /truncated/, act: asPublisher((client, id) => client.send(6, 9, 0, id, hex("1701"))) },
  { name: "a video tag of three bytes", reason: /truncated/, act: asPublisher((client, id) => client.send(6, 9, 0, id, hex("170100"))) },
  { name: "a video tag of four bytes", reason: /truncated/, act: asPublisher((client, id) => client.send(6, 9, 0, id, hex("17010000"))) },
  { name: "an audio tag of one byte", reason: /truncated/, act: asPublisher((client, id) => client.send(4, 8, 0, id, hex("af"))) },
  { name: "an unknown FourCC", reason: /unsupported/, act: asPublisher((client, id) => client.send(6, 9, 0, id, hex("90 78797a7a 00"))) },
  {
    name: "@setDataFrame inside itself without end",
    heavy: true,
    reason: /./,
    act: asPublisher((client, id) => {
      client.send(6, 18, 0, id, repeat("02000d40736574446174614672616d65", 90_000));
      client.send(6, 18, 0, id, hex("fefefe"));
    }),
  },
  { name: "100,000 plays of names that nobody publishes", reason: /plays in vain/, heavy: true, act: playNobody },
  { name: "data that is no AMF", reason: /AMF0/, act: asPublisher((client, id) => client.send(6, 18, 0, id, hex("fefefe"))) },
];

/** Bytes that are the same in every run and mean nothing. */
function randomBytes(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 24);
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
    name: "a handshake and then random bytes",
    bytes: Buffer.concat([new ClientHandshake().hello, new Uint8Array(1536), randomBytes(20_000)]),
    reason: /./,
  },
  {
    name: "a handshake and then noise",
    bytes: Buffer.concat([new ClientHandshake().hello, new Uint8Array(1536 + 4000).fill(0xe7)]),
    reason: /./,
  },
];

/** A socket, its answer so far, and its end. */
export function stranger(
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

/** Connects to an app, does it, and waits for the server to close. */
function ended({ name, reason, heavy = false, act }: Misdeed): RtmpBadInput {
  const run = async (port: number): Promise<void> => {
    using client = await RtmpClient.connect(port);
    await client.connectApp("bad");
    await act(client);
    await client.closed;
  };
  return { name, reason, heavy, run };
}

/** Connects to an app, does it, and leaves: the server has taken it for what it is. */
function harmless(name: string, act: (client: RtmpClient) => Promise<void>): RtmpBadInput {
  const run = async (port: number): Promise<void> => {
    using client = await RtmpClient.connect(port);
    await client.connectApp("bad");
    await act(client);
    client.socket.destroy();
    await client.closed;
  };
  return { name, run };
}

function connectWithout(missing: string): RtmpBadInput {
  const run = async (port: number): Promise<void> => {
    using client = await RtmpClient.connect(port);
    const answer = await client.connectApp("bad", { [missing]: undefined });
    assert.equal(answer.name, "_error");
    await client.closed;
  };
  return { name: `connect without ${missing}`, reason: /connect/, run };
}

async function commandsBeforeConnect(port: number): Promise<void> {
  using client = await RtmpClient.connect(port);
  client.raw(setChunkSize(65536));
  client.command(0, "createStream", null);
  await client.closed;
}

async function pollute(client: RtmpClient): Promise<void> {
  const polluting = hex("03 0009 5f5f70726f746f5f5f 03 0008 706f6c6c75746564 0101 000009 000009");
  command(client, withArgument(polluting));
  await client.heard((heard) => heard.name === "_result" && heard.transactionId === 2);
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
}

async function sendNothings(client: RtmpClient): Promise<void> {
  await asPublisher((publisher, id) => {
    sendHeaders(publisher, id);
    for (const type of [8, 9, 15, 18]) publisher.send(4, type, 0, id, new Uint8Array(0));
    publisher.send(6, MessageType.aggregate, 0, id, hex("16 000000 000000 00 000000 0000000b"));
    publisher.send(6, 99, 0, id, videoBody(true, 1));
    publisher.send(6, MessageType.video, 40, id, videoBody(true, 1));
  })(client);
  assert.equal((await client.call("_checkbw", null)).name, "_result");
  client.command(1, "publish", null, false);
  await client.status("NetStream.Unpublish.Success");
}

/** Asks until the server has had enough. Its closing is not seen: nothing is read. */
async function askWithoutReading(port: number): Promise<void> {
  using client = await RtmpClient.connect(port);
  await client.connectApp("bad");
  client.socket.pause();
  const ask = encodeAmf0("makeCoffee", 7, null);
  const flood = (): void => {
    while (!client.socket.destroyed && client.socket.writableLength < 1 << 20) command(client, ask);
  };
  flood();
  client.socket.on("drain", flood);
  await client.closed;
}

/** Goes on until it is ended; what it hears is forgotten. */
async function playNobody(client: RtmpClient): Promise<void> {
  const ids = [await client.createStream(), await client.createStream(), await client.createStream()];
  for (let i = 0; i < 100_000; i++) {
    client.command(ids[i % 3]!, "play", null, `nobody-${i}`);
    if (i % 1000 !== 999) continue;
    await client.call("_checkbw", null).catch(() => undefined);
    client.messages.length = 0;
    if (client.socket.destroyed) return;
  }
}

/** Handshakes begun and not finished, many at once. */
export function stalledHandshakes(port: number, count: number): Promise<unknown> {
  const c1 = new ClientHandshake().hello;
  return Promise.all(Array.from({ length: count }, (_, i) => stranger(port, c1.subarray(0, (i * 11) % c1.length)).closed));
}

export const rtmpBadInputs: readonly RtmpBadInput[] = [
  ...strangers.map(({ name, bytes, reason }) => ({ name, reason, run: (port: number) => stranger(port, bytes).closed })),
  ...misdeeds.map(ended),
  connectWithout("tcUrl"),
  connectWithout("app"),
  { name: "commands before connect", reason: /before connect/, run: commandsBeforeConnect },
  harmless("__proto__ for a name", pollute),
  harmless("tags of no bytes, empty aggregates and messages of unknown types", sendNothings),
  {
    name: "questions without end and no answer read",
    reason: /does not read our answers|took too long/,
    heavy: true,
    run: askWithoutReading,
  },
];
