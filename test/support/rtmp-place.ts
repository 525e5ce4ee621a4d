import { Hub, type HubOptions } from "../../src/hub/hub.ts";
import { MessageType, type Message } from "../../src/protocols/rtmp/message.ts";
import type { DigestScheme } from "../../src/protocols/rtmp/handshake-digest.ts";
import { RtmpListener, type RtmpListenerOptions } from "../../src/protocols/rtmp/rtmp-listener.ts";
import { openAccess } from "./open-access.ts";
import { RtmpClient } from "./rtmp-client.ts";
import { audioBody, videoBody } from "./rtmp-media.ts";

/** A hub with an RTMP listener, and clients of it that are gone at the end of the test. */
export interface RtmpPlace extends AsyncDisposable {
  readonly hub: Hub;
  readonly listener: RtmpListener;
  readonly port: number;
  /** A connected client that is gone at the end of the test. */
  client(scheme?: DigestScheme): Promise<RtmpClient>;
}

export async function place(hubOptions: Partial<HubOptions> = {}, options: Partial<RtmpListenerOptions> = {}): Promise<RtmpPlace> {
  const hub = new Hub(hubOptions);
  const listener = new RtmpListener({ hub, access: openAccess, ...options });
  await listener.listen({ port: 0, host: "127.0.0.1" });
  const { port } = listener.address()!;
  const clients: RtmpClient[] = [];
  return {
    hub,
    listener,
    port,
    async client(scheme) {
      const client = await RtmpClient.connect(port, scheme === undefined ? {} : { scheme });
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.socket.destroy();
      hub.close();
      await listener.close();
    },
  };
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const isFrame = (message: Message): boolean =>
  (message.type === MessageType.video || message.type === MessageType.audio) && message.body[1] === 1;
/** Frames that a client got, as text: type, time, body. */
export const frames = (client: RtmpClient): string[] =>
  client.messages.filter(isFrame).map((m) => `${m.type} ${m.timestamp} ${hex(m.body)}`);
/** The same of what `sendFrames` sends. */
export const sentFrames = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => from + i).flatMap((i) => [
    `9 ${i * 40} ${hex(videoBody(i % 10 === 0, i))}`,
    `8 ${i * 40 + 1} ${hex(audioBody(i))}`,
  ]);
/** Describes the frame of one time. */
export const at = (timestamp: number) => (message: Message) => isFrame(message) && message.timestamp === timestamp;
