/** Publishes an FLV file over RTMP tag by tag, whatever is in it, at the pace of its times. */
import { setTimeout as delay } from "node:timers/promises";
import { FlvReader } from "../../src/containers/flv/reader.ts";
import type { FlvTag } from "../../src/containers/flv/tag.ts";
import { RtmpClient } from "../support/rtmp-client.ts";

export async function replay(file: Uint8Array, port: number, name: string): Promise<void> {
  const tags: FlvTag[] = [];
  new FlvReader({ header: () => undefined, tag: (tag) => tags.push(tag) }).push(file);
  using client = await RtmpClient.connect(port);
  const [app = "", ...key] = name.split("/");
  const streamId = await client.publish(app, key.join("/"));
  const started = performance.now();
  for (const { type, timestamp, body } of tags) {
    const wait = timestamp - (performance.now() - started);
    if (wait > 0) await delay(wait);
    client.send(4, type, timestamp, streamId, body);
  }
  client.command(0, "deleteStream", null, streamId);
  await client.status("NetStream.Unpublish.Success");
}
