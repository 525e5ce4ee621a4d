import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { amfObject, encodeAmf0, type AmfValue } from "../src/containers/flv/amf0.ts";
import { Hub } from "../src/hub/hub.ts";
import { chunkedMessage } from "../src/protocols/rtmp/chunk-writer.ts";
import { setChunkSize } from "../src/protocols/rtmp/control.ts";
import { ClientHandshake } from "../src/protocols/rtmp/handshake.ts";
import type { LogFields } from "../src/protocols/rtmp/log.ts";
import { MessageType } from "../src/protocols/rtmp/message.ts";
import { RtmpListener } from "../src/protocols/rtmp/rtmp-listener.ts";
import { openAccess } from "./support/open-access.ts";
import { rtmpBadInputs, stalledHandshakes, stranger } from "./support/rtmp-bad-inputs.ts";
import { RtmpClient } from "./support/rtmp-client.ts";
import { aacHeader, avcHeader, metadata, sendFrames, sendHeaders, videoBody } from "./support/rtmp-media.ts";

/** Shorter than the real ones, to the same effect. */
const limits = { handshakeMs: 400, setupMs: 800, stalledMessageMs: 500, pingMs: 20_000, closeMs: 200 };

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
    const note = (fields: LogFields): void => void this.reasons.push([fields["code"], fields["reason"]].join(": "));
    const ignore = (): void => undefined;
    const log = { debug: ignore, info: ignore, warn: note, error: (fields: LogFields) => this.faults.push(fields["err"]) };
    this.listener = new RtmpListener({ hub: this.hub, access: openAccess, log, limits, webPages: () => 8080, waitForPublisher: 50 });
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

describe("RTMP, bad input and bad peers", () => {
  const town = new Neighbourhood();
  before(() => town.open());
  after(() => town.close());

  for (const { name, reason, run } of rtmpBadInputs) {
    it(`${reason === undefined ? "survives" : "ends"} ${name}`, async () => {
      town.reasons.length = 0;
      await run(town.port);
      await town.emptied();
      if (reason !== undefined) assert.match(town.reasons.join("\n"), reason);
      await town.unharmed();
    });
  }

  it("tells a browser where the web pages are", async () => {
    const { closed, answer } = stranger(town.port, Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    await closed;
    assert.match(answer(), /^HTTP\/1.1 400 [^]*port 8080/);
    await town.emptied();
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
    const stalled = stalledHandshakes(town.port, 300);
    await town.unharmed(300);
    await stalled;
    await town.emptied();
    await town.unharmed();
  });
});
