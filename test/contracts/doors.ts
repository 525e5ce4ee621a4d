/** The ways to be let in as publisher or viewer, for the access suite. */
import { get, request as httpRequest } from "node:http";
import { WebSocket } from "ws";
import { amfProperties } from "../../src/containers/flv/amf0.ts";
import type { MillraceServer } from "../../src/index.ts";
import { RtmpClient, statusCode } from "../support/rtmp-client.ts";

/** Somebody at the door. */
export interface Knock {
  /** `granted`, once the protocol says so; else its code or number for the refusal and the words with it, or `closed`. */
  readonly answer: Promise<string>;
  readonly leave: () => void;
}

export interface Door {
  readonly name: string;
  readonly intent: "publish" | "play";
  /** What a request says it came by. */
  readonly protocol: string;
  /** @param path the stream's name, with a query where one is wanted */
  knock(server: MillraceServer, path: string): Knock;
  /** Begins the answer to who is denied, without a key and with one, and to who comes when the server is full or closes. */
  readonly says: { readonly denied: string; readonly deniedWithKey: string; readonly full: string; readonly closing: string };
}

/** What a test client calls itself. */
export const clientName = "millrace-test";

function knockRtmp(command: "publish" | "play"): Door["knock"] {
  return (server, path) => {
    const { promise: answer, resolve } = Promise.withResolvers<string>();
    let client: RtmpClient | undefined;
    let hasLeft = false;
    const run = async (): Promise<void> => {
      client = await RtmpClient.connect(server.address("rtmp")!.port);
      if (hasLeft) client.socket.destroy();
      const [app = "", ...name] = path.split("/");
      void client.closed.then(() => resolve("closed"));
      await client.connectApp(app, { flashVer: clientName });
      const streamId = await client.createStream();
      client.command(streamId, command, null, name.join("/"));
      const heard = await client.heard((each) => each.name === "onStatus" && !statusCode(each).endsWith("Play.Reset"));
      const code = statusCode(heard);
      const words = amfProperties(heard.args[0])?.["description"];
      resolve(code.endsWith(".Start") ? "granted" : `${code} ${typeof words === "string" ? words : ""}`);
    };
    run().catch((error: unknown) => resolve(String(error)));
    return {
      answer,
      leave() {
        hasLeft = true;
        client?.socket.destroy();
      },
    };
  };
}

function knockHttp(extension: string): Door["knock"] {
  return (server, path) => {
    const { promise: answer, resolve } = Promise.withResolvers<string>();
    const request = get({
      port: server.address("http")!.port,
      host: "127.0.0.1",
      path: `/${pathWith(path, extension)}`,
      agent: false,
      headers: { "User-Agent": clientName, "X-Test": "Yes" },
    });
    request.on("error", () => resolve("closed"));
    request.on("response", (response) => {
      if (response.statusCode === 200) return resolve("granted");
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("end", () => resolve(`${response.statusCode} ${body.trim()}`));
    });
    return { answer, leave: () => request.destroy() };
  };
}

/** Asks before it sends, so that it hears when it is granted. */
function knockHttpPublish(method: "POST" | "PUT"): Door["knock"] {
  return (server, path) => {
    const { promise: answer, resolve } = Promise.withResolvers<string>();
    const request = httpRequest({
      port: server.address("http")!.port,
      host: "127.0.0.1",
      path: `/${path}`,
      method,
      agent: false,
      headers: { "User-Agent": clientName, "X-Test": "Yes", "Transfer-Encoding": "chunked", Expect: "100-continue" },
    });
    request.on("error", () => resolve("closed"));
    request.on("continue", () => resolve("granted"));
    request.on("response", (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("end", () => {
        resolve(`${response.statusCode} ${body.trim()}`);
        request.destroy();
      });
    });
    request.flushHeaders();
    return { answer, leave: () => request.destroy() };
  };
}

function knockWebSocket(extension: string): Door["knock"] {
  return (server, path) => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.address("http")!.port}/${pathWith(path, extension)}`, {
      headers: { "User-Agent": clientName, "X-Test": "Yes" },
    });
    const answer = new Promise<string>((resolve) => {
      socket.once("message", () => resolve("granted"));
      socket.on("close", (code, reason) => resolve(code === 1006 ? "closed" : `${code} ${reason.toString()}`));
      socket.on("error", () => resolve("closed"));
    });
    return { answer, leave: () => socket.terminate() };
  };
}

function knockWebSocketPublish(server: MillraceServer, path: string): Knock {
  const socket = new WebSocket(`ws://127.0.0.1:${server.address("http")!.port}/publish/${path}`, {
    headers: { "User-Agent": clientName, "X-Test": "Yes" },
  });
  const answer = new Promise<string>((resolve) => {
    socket.once("message", () => resolve("granted"));
    socket.on("close", (code, reason) => resolve(code === 1006 ? "closed" : `${code} ${reason.toString()}`));
    socket.on("error", () => resolve("closed"));
  });
  return { answer, leave: () => socket.terminate() };
}

function pathWith(path: string, extension: string): string {
  const [name, query] = path.split("?");
  return `${name}.${extension}${query === undefined ? "" : `?${query}`}`;
}

const overHttp = { denied: "401 ", deniedWithKey: "403 ", full: "503 ", closing: "503 " };
const overWebSocket = { denied: "4401 ", deniedWithKey: "4401 ", full: "1013 ", closing: "1001 " };

function overRtmp(code: string): Door["says"] {
  return { denied: `${code} `, deniedWithKey: `${code} `, full: `${code} `, closing: `${code} ` };
}

export const doors: readonly Door[] = [
  {
    name: "RTMP publisher",
    intent: "publish",
    protocol: "rtmp",
    knock: knockRtmp("publish"),
    says: overRtmp("NetStream.Publish.Denied"),
  },
  { name: "RTMP player", intent: "play", protocol: "rtmp", knock: knockRtmp("play"), says: overRtmp("NetStream.Play.Failed") },
  { name: "HTTP POST", intent: "publish", protocol: "http", knock: knockHttpPublish("POST"), says: overHttp },
  { name: "WebSocket push", intent: "publish", protocol: "ws", knock: knockWebSocketPublish, says: overWebSocket },
  { name: "HTTP-FLV", intent: "play", protocol: "http", knock: knockHttp("flv"), says: overHttp },
  { name: "HTTP-fMP4", intent: "play", protocol: "http", knock: knockHttp("mp4"), says: overHttp },
  { name: "WS-FLV", intent: "play", protocol: "ws", knock: knockWebSocket("flv"), says: overWebSocket },
  { name: "WS-fMP4", intent: "play", protocol: "ws", knock: knockWebSocket("mp4"), says: overWebSocket },
];
