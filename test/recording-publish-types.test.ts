/** RTMP publishers who say what is to become of their stream: `record`, `append`. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createServer, type StreamRecording } from "../src/index.ts";
import { RtmpClient } from "./support/rtmp-client.ts";
import { sendFrames, sendHeaders } from "./support/rtmp-media.ts";

interface Ended {
  readonly id: string;
  readonly by: string;
  readonly files: readonly string[];
}

/** Publishes once for each type, and tells what was recorded. */
async function recorded(publishTypes: boolean, ...types: readonly string[]): Promise<Ended[]> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-types-"));
  const recording = { folder, publishTypes, template: "{stream}-{n}.{ext}" };
  const server = createServer({ auth: false, rtmp: { host: "127.0.0.1", port: 0 }, http: { enabled: false }, recording });
  try {
    await server.listen();
    const ended: Ended[] = [];
    const begun: StreamRecording[] = [];
    server.on("recording", ({ recording: one }) => begun.push(one));
    for (const type of types) {
      using client = await RtmpClient.connect(server.address("rtmp")!.port);
      const live = new Promise((resolve) => void server.on("live", resolve));
      const streamId = await client.publish("live", "cam", type);
      sendHeaders(client, streamId);
      sendFrames(client, streamId, 0, 60);
      await live;
      const isRecorded = publishTypes && ["record", "append"].includes(type);
      const over = new Promise((resolve) => void server.on(isRecorded ? "recordingEnded" : "ended", resolve));
      client.command(streamId, "closeStream", null);
      await over;
    }
    for (const { id, by, files } of begun) ended.push({ id, by, files: files.map(({ path }) => path) });
    return ended;
  } finally {
    await server.close();
    await rm(folder, { recursive: true });
  }
}

test("record begins a recording, append goes on with the last one, live does neither", async () => {
  const [first, second, third, ...others] = await recorded(true, "live", "record", "append", "record", "whatever");
  assert.deepEqual(others, []);
  assert.deepEqual([first?.by, first?.files], ["publisher", ["live/cam-1.mp4"]]);
  assert.deepEqual([second?.id, second?.files], [first?.id, ["live/cam-2.mp4"]]);
  assert.notEqual(third?.id, first?.id);
  assert.deepEqual(third?.files, ["live/cam-1~2.mp4"]);
});

test("append without a recording to go on with begins one", async () => {
  assert.deepEqual(
    (await recorded(true, "append")).map(({ files }) => files),
    [["live/cam-1.mp4"]],
  );
});

test("nobody is recorded who says so, unless the settings allow it", async () => {
  assert.deepEqual(await recorded(false, "record", "append"), []);
});
