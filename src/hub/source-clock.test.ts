import assert from "node:assert/strict";
import { test } from "node:test";
import type { AudioTrack } from "../media/track.ts";
import { Hub } from "./hub.ts";
import { PacedSink } from "./paced-sink.ts";
import { systemScheduler } from "./scheduler.ts";

const track: AudioTrack = {
  ...{ id: 1, kind: "audio", codec: "mp3", config: new Uint8Array(0), timescale: 1_000_000, isDefault: true, codecString: "" },
  ...{ sampleRate: 44_100, channels: 2, samplesPerFrame: 1152 },
};

/** Unix milliseconds at which a stream says that its first frame was made, of a publisher that stamps it with a time. */
function madeAt(stamp: number, isUnix: boolean, isPaced = false): number {
  const hub = new Hub();
  const publication = hub.publish("a", { protocol: "test", address: "", encoder: "" });
  const sink = isPaced ? new PacedSink(publication, systemScheduler) : publication;
  if (isUnix) sink.timesAreUnix();
  sink.announce({ video: false, audio: true });
  sink.track(track);
  sink.frame({ track: 1, dts: stamp * 1000, pts: stamp * 1000, sap: 1, discardable: false, data: new Uint8Array(4) });
  const { timeline } = hub.streams.get("a")!;
  const made = timeline.clock!.utcOffset + timeline.lastMicros / 1000;
  hub.close();
  return made;
}

test("an encoder that counts from 1970 says when its media were made, where its clock can be right", () => {
  const now = Date.now();
  const near = (made: number, expected: number): void => assert.ok(Math.abs(made - expected) < 5000, `${made - expected} ms off`);
  for (const isPaced of [false, true]) assert.equal(madeAt(now - 3_600_000, true, isPaced), now - 3_600_000);
  near(madeAt(now - 3_600_000, false), now);
  near(madeAt(now - 3 * 24 * 3_600_000, true), now);
  near(madeAt(now + 400 * 24 * 3_600_000, true), now);
  near(madeAt(12, true), now);
});
