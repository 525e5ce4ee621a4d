/** The ways to watch, for the egress suite. */
import { get } from "node:http";
import { connect } from "node:net";
import { WebSocket } from "ws";
import type { ComposedServer } from "../../src/server/server.ts";
import { MessageType } from "../../src/protocols/rtmp/message.ts";
import { RtmpClient } from "../support/rtmp-client.ts";
import type { EgressUnderTest, TestViewer } from "./egress.ts";
import { flvReader, fmp4Reader, rtmpMessageReader, tsReader, type StreamReader } from "./readers.ts";

export type Open = (server: ComposedServer, path: string, reader: StreamReader) => TestViewer;

const port = (server: ComposedServer): number => server.address("http")!.port;

/** `complete`: the body had its end. */
export const http: Open = (server, path, reader) => {
  const { promise: ended, resolve } = Promise.withResolvers<string>();
  const request = get({ port: port(server), host: "127.0.0.1", path, agent: false });
  let isPaused = false;
  request.on("error", (error) => resolve(error.message));
  request.on("response", (response) => {
    if (response.statusCode !== 200) {
      response.resume();
      return resolve(String(response.statusCode));
    }
    response.on("data", (bytes: Buffer) => reader.push(Uint8Array.from(bytes)));
    response.on("close", () => resolve(response.complete ? "complete" : "cut"));
    if (isPaused) response.socket.pause();
  });
  const pause = (on: boolean): void => {
    isPaused = on;
    // The response's own pause would let its socket read on for a while.
    if (on) request.socket?.pause();
    else request.socket?.resume();
  };
  return { frames: reader.frames, ended, pause: () => pause(true), resume: () => pause(false), leave: () => request.destroy() };
};

/** The body is what comes until the connection ends. */
const http10: Open = (server, path, reader) => {
  const { promise: ended, resolve } = Promise.withResolvers<string>();
  const socket = connect(port(server), "127.0.0.1");
  socket.write(`GET ${path} HTTP/1.0\r\nHost: x\r\n\r\n`);
  let head: string | undefined = "";
  let status = "";
  let isCut = false;
  socket.on("data", (bytes) => {
    let body: Buffer = bytes;
    if (head !== undefined) {
      head += bytes.toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      status = head.slice(9, 12);
      body = Buffer.from(head.slice(end + 4), "latin1");
      head = undefined;
    }
    if (status === "200") reader.push(Uint8Array.from(body));
  });
  socket.on("error", () => (isCut = true));
  socket.on("close", () => resolve(status !== "200" ? status : isCut ? "cut" : "complete"));
  const { frames } = reader;
  return { frames, ended, pause: () => socket.pause(), resume: () => socket.resume(), leave: () => socket.destroy() };
};

/** The close code and its words. */
export const webSocket: Open = (server, path, reader) => {
  const socket = new WebSocket(`ws://127.0.0.1:${port(server)}${path}`);
  socket.on("message", (data: Buffer, isBinary) => isBinary && reader.push(Uint8Array.from(data)));
  const ended = new Promise<string>((resolve) => {
    socket.on("close", (code, reason) => resolve(`${code} ${reason.toString()}`));
    socket.on("error", (error) => resolve(error.message));
  });
  const { frames } = reader;
  return { frames, ended, pause: () => socket.pause(), resume: () => socket.resume(), leave: () => socket.terminate() };
};

function watchRtmp(server: ComposedServer, stream: string): TestViewer {
  const reader = rtmpMessageReader();
  const { promise: ended, resolve } = Promise.withResolvers<string>();
  const left = new AbortController();
  let client: RtmpClient | undefined;
  const run = async (): Promise<void> => {
    client = await RtmpClient.connect(server.address("rtmp")!.port);
    if (left.signal.aborted) client.socket.destroy();
    const [app = "", ...key] = stream.split("/");
    await client.connectApp(app);
    const streamId = await client.createStream();
    client.onMessage = (message) => {
      if (message.type !== MessageType.commandAmf0) return reader.take(message);
      const code = client!.codes.at(-1) ?? "";
      if (code === "NetStream.Play.Stop" || code === "NetStream.Play.StreamNotFound") resolve(code);
    };
    client.command(streamId, "play", null, key.join("/"), -2);
    await client.closed;
    resolve("closed");
  };
  void run().catch((error: unknown) => resolve(String(error)));
  return {
    frames: reader.frames,
    ended,
    pause: () => void client?.socket.pause(),
    resume: () => void client?.socket.resume(),
    leave: () => {
      left.abort();
      client?.socket.destroy();
    },
  };
}

const httpWords = { ended: /^complete$/, notLive: /^404$/, stalled: /aborted|cut|ECONNRESET/ };
const wsWords = { ended: /^1000 /, notLive: /^4404 Nobody is publishing/, stalled: /^4408 / };

function over(open: Open, extension: string, reader: () => StreamReader, query = ""): EgressUnderTest["watch"] {
  return (server, stream) => open(server, `/${stream}.${extension}${query}`, reader());
}

/** With bytes of its own for each viewer, who is live all the same. */
const replayed = "?preroll=0.001";

export const ways: readonly EgressUnderTest[] = [
  {
    name: "RTMP",
    watch: watchRtmp,
    words: { ended: /^NetStream\.Play\.Stop$/, notLive: /^NetStream\.Play\.StreamNotFound$/, stalled: /^closed$/ },
    crossesConfigs: true,
  },
  { name: "HTTP-FLV", watch: over(http, "flv", flvReader), words: httpWords, crossesConfigs: true },
  { name: "HTTP-FLV over HTTP/1.0", watch: over(http10, "flv", flvReader), words: httpWords, crossesConfigs: true },
  { name: "WS-FLV", watch: over(webSocket, "flv", flvReader), words: wsWords, crossesConfigs: true },
  { name: "HTTP-fMP4", watch: over(http, "mp4", fmp4Reader), words: httpWords, crossesConfigs: false },
  { name: "WS-fMP4", watch: over(webSocket, "mp4", fmp4Reader), words: wsWords, crossesConfigs: true },
  { name: "HTTP-TS", watch: over(http, "ts", tsReader), words: httpWords, crossesConfigs: true },
  { name: "WS-TS", watch: over(webSocket, "ts", tsReader), words: wsWords, crossesConfigs: true },
  { name: "HTTP-FLV out of the past", watch: over(http, "flv", flvReader, replayed), words: httpWords, crossesConfigs: true },
  { name: "WS-fMP4 out of the past", watch: over(webSocket, "mp4", fmp4Reader, replayed), words: wsWords, crossesConfigs: true },
];
