/** A publisher and viewers who do everything right while others do not, and who must not notice. */
import assert from "node:assert/strict";
import { get, type IncomingMessage } from "node:http";
import { once } from "node:events";
import { WebSocket } from "ws";
import { Reader } from "../../src/bytes/reader.ts";
import { FILE_HEADER_SIZE, readTagHeader, TAG_HEADER_SIZE, TAG_TRAILER_SIZE, TagType } from "../../src/containers/flv/tag.ts";
import { MessageType } from "../../src/protocols/rtmp/message.ts";
import { RtmpClient } from "./rtmp-client.ts";
import { sendFrames, sendHeaders } from "./rtmp-media.ts";

/** Milliseconds between two frames, as `sendFrames` stamps them. */
const frameMs = 40;

export class GoodNeighbours implements Disposable {
  /** What they watch. */
  readonly stream = "good/stream";
  readonly #publisher: RtmpClient;
  readonly #streamId: number;
  readonly #rtmp: RtmpClient;
  readonly #http: IncomingMessage;
  readonly #webSocket: WebSocket;
  readonly #httpBytes: Buffer[] = [];
  readonly #webSocketBytes: Buffer[] = [];
  readonly #timer: NodeJS.Timeout;
  #frame = 0;

  private constructor(publisher: RtmpClient, streamId: number, rtmp: RtmpClient, http: IncomingMessage, webSocket: WebSocket) {
    this.#publisher = publisher;
    this.#streamId = streamId;
    this.#rtmp = rtmp;
    this.#http = http;
    this.#webSocket = webSocket;
    http.on("data", (bytes: Buffer) => this.#httpBytes.push(bytes));
    webSocket.on("message", (bytes: Buffer) => this.#webSocketBytes.push(bytes));
    this.#timer = setInterval(() => this.#publish(), frameMs);
  }

  /** Resolves when all are there; the stream then goes on frame by frame. */
  static async settle(ports: { readonly rtmp: number; readonly http: number }): Promise<GoodNeighbours> {
    const publisher = await RtmpClient.connect(ports.rtmp);
    const streamId = await publisher.publish("good", "stream");
    sendHeaders(publisher, streamId);
    sendFrames(publisher, streamId, 0, 1);
    const rtmp = await RtmpClient.connect(ports.rtmp);
    await rtmp.play("good", "stream");
    const response = once(get(`http://127.0.0.1:${ports.http}/good/stream.flv`), "response") as Promise<[IncomingMessage]>;
    const webSocket = new WebSocket(`ws://127.0.0.1:${ports.http}/good/stream.flv`);
    const neighbours = new GoodNeighbours(publisher, streamId, rtmp, (await response)[0], webSocket);
    await once(webSocket, "open");
    return neighbours;
  }

  /** Frames of video published so far. */
  get frames(): number {
    return this.#frame + 1;
  }

  /** Ends the stream. Asserts that every viewer was sent every frame since it came, in order and with its time. */
  async leave(): Promise<void> {
    clearInterval(this.#timer);
    const last = this.#frame * frameMs;
    const ended = Promise.all([once(this.#http, "end"), once(this.#webSocket, "close")]);
    this.#publisher.command(this.#streamId, "publish", null, false);
    await ended;
    await this.#rtmp.status("NetStream.Play.Stop");
    const overRtmp = this.#rtmp.of(MessageType.video).filter((message) => message.body[1] === 1);
    assertWhole(
      "RTMP",
      overRtmp.map((message) => message.timestamp),
      last,
    );
    assertWhole("HTTP-FLV", videoTimes(Buffer.concat(this.#httpBytes)), last);
    assertWhole("WS-FLV", videoTimes(Buffer.concat(this.#webSocketBytes)), last);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#publisher.socket.destroy();
    this.#rtmp.socket.destroy();
    this.#http.destroy();
    this.#webSocket.terminate();
  }

  #publish(): void {
    this.#frame += 1;
    sendFrames(this.#publisher, this.#streamId, this.#frame, 1);
  }
}

function assertWhole(viewer: string, times: readonly number[], last: number): void {
  assert.ok(times.length > 0, `${viewer}: nothing came`);
  assert.equal(times.at(-1), last, `${viewer}: the last frame`);
  const holes = times.slice(1).flatMap((time, i) => (time === times[i]! + frameMs ? [] : [[times[i], time]]));
  assert.deepEqual(holes, [], `${viewer}: frames were lost`);
}

/** Times of the coded frames of video in an FLV file. */
function videoTimes(flv: Buffer): number[] {
  const times: number[] = [];
  const reader = new Reader(flv.subarray(FILE_HEADER_SIZE));
  while (reader.left >= TAG_HEADER_SIZE) {
    const { type, size, timestamp } = readTagHeader(reader);
    const body = reader.bytes(size);
    reader.skip(TAG_TRAILER_SIZE);
    if (type === TagType.video && body[1] === 1) times.push(timestamp);
  }
  return times;
}
