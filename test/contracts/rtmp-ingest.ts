/** RTMP for the ingest suite. */
import { amfObject, encodeAmf0 } from "../../src/containers/flv/amf0.ts";
import { MessageType } from "../../src/protocols/rtmp/message.ts";
import { RtmpListener } from "../../src/protocols/rtmp/rtmp-listener.ts";
import { openAccess } from "../support/open-access.ts";
import { statusCode, RtmpClient } from "../support/rtmp-client.ts";
import { aacHeader, audioBody, videoBody } from "../support/rtmp-media.ts";
import type { IngestServer, IngestUnderTest, TestPublisher } from "./ingest-bench.ts";
import { otherVideo, video } from "./media.ts";

export const rtmpIngest: IngestUnderTest = {
  name: "RTMP",
  wraps: [2 ** 24, 2 ** 31, 2 ** 32],
  async open(hub) {
    const listener = new RtmpListener({ hub, access: openAccess });
    await listener.listen({ port: 0, host: "127.0.0.1" });
    const clients: RtmpClient[] = [];
    return {
      async publish(name, encoder) {
        const client = await RtmpClient.connect(listener.address()!.port);
        clients.push(client);
        return await published(client, name, encoder);
      },
      async [Symbol.asyncDispose]() {
        for (const client of clients) client.socket.destroy();
        await listener.close();
      },
    } satisfies IngestServer;
  },
};

async function published(client: RtmpClient, name: string, encoder: string): Promise<TestPublisher> {
  const [app = "", ...rest] = name.split("/");
  const key = rest.join("/");
  await client.connectApp(app, { flashVer: encoder });
  const streamId = await client.createStream();
  client.command(streamId, "publish", null, key, "live");
  const answer = await client.heard((heard) => heard.name === "onStatus");
  if (statusCode(answer) !== "NetStream.Publish.Start") throw new Error(JSON.stringify(answer.args));
  const send = (type: number, time: number, body: Uint8Array): void => client.send(6, type, time, streamId, body);
  return {
    metadata({ video: hasVideo, audio: hasAudio }, title) {
      const values = { ...(hasVideo && { videocodecid: 7 }), ...(hasAudio && { audiocodecid: 10 }), title };
      send(MessageType.dataAmf0, 0, encodeAmf0("@setDataFrame", "onMetaData", amfObject(values)));
    },
    videoConfig: (which) => send(MessageType.video, 0, Uint8Array.of(0x17, 0, 0, 0, 0, ...[video, otherVideo][which]!.config)),
    audioConfig: () => send(MessageType.audio, 0, aacHeader),
    video: (time, isKey, mark) => send(MessageType.video, time, videoBody(isKey, mark)),
    audio: (time, mark) => send(MessageType.audio, time, audioBody(mark)),
    stop() {
      client.command(0, "FCUnpublish", null, key);
      client.command(0, "deleteStream", null, streamId);
    },
    vanish: () => client.socket.destroy(),
    // A strict array of 2^32 - 1 values.
    offend: () => send(MessageType.dataAmf0, 0, Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff)),
    closed: client.closed,
  };
}
