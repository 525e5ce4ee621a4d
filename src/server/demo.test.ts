import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { FakeScheduler } from "../../test/support/fake-scheduler.ts";
import { Hub } from "../hub/hub.ts";
import type { Frame } from "../media/frame.ts";
import { toMicros } from "../media/time.ts";
import { readClip } from "./publishing/clip.ts";
import { Demo, demoStream } from "./demo.ts";
import { silentLog } from "./log.ts";

const clip = readClip(await readFile(new URL("../../assets/demo.flv", import.meta.url)));

test("the clip has a picture and sound, equally long to within a frame, and begins with a key frame", () => {
  assert.deepEqual(clip.tracks.map((track) => track.kind).toSorted(), ["audio", "video"]);
  for (const track of clip.tracks) {
    const own = clip.frames.filter(({ frame }) => frame.track === track.id);
    assert.ok(own.at(-1)!.due > clip.length - 50_000, track.kind);
  }
  const video = clip.tracks.find((track) => track.kind === "video")!;
  assert.equal(clip.frames.find(({ frame }) => frame.track === video.id)!.frame.sap, 1);
});

test("it is sent in real time, round after round, on a timeline without a break", () => {
  const clock = new FakeScheduler();
  const hub = new Hub({ scheduler: clock });
  const demo = new Demo({ hub, log: silentLog(), name: demoStream }, clip);
  clock.advance(100);
  const { timeline } = hub.streams.get(demoStream)!;
  const last = new Map<number, Frame>();
  let breaks = -1;
  let latest = 0;
  timeline.follow({
    discontinuity: () => void (breaks += 1),
    generation: () => undefined,
    end: () => undefined,
    frame(frame) {
      const { timescale } = clip.tracks.find(({ id }) => id === frame.track)!;
      const before = last.get(frame.track);
      if (before) assert.ok(frame.dts > before.dts, "times rise");
      if (before) assert.ok(toMicros(frame.dts - before.dts, timescale) < 100_000, "without a hole");
      last.set(frame.track, frame);
      latest = Math.max(latest, toMicros(frame.dts, timescale));
    },
  });
  const rounds = 2.5 * (clip.length / 1000);
  for (let passed = 0; passed < rounds; passed += 10) clock.advance(10);
  assert.ok(Math.abs(latest / 1000 - rounds) < 300, `${latest / 1000} ms of stream in ${rounds} ms`);
  assert.equal(breaks, 0);
  demo.close();
  assert.equal(hub.streams.size, 0);
  hub.close();
});

test("after the machine slept it goes on from there", () => {
  const clock = new FakeScheduler();
  const hub = new Hub({ scheduler: clock });
  const demo = new Demo({ hub, log: silentLog(), name: demoStream }, clip);
  clock.advance(500);
  let frames = 0;
  const count = { discontinuity: () => undefined, generation: () => undefined, end: () => undefined, frame: () => void (frames += 1) };
  hub.streams.get(demoStream)!.timeline.follow(count);
  frames = 0;
  clock.spend(3_600_000);
  clock.advance(1000);
  assert.ok(frames > 20 && frames < 200, `${frames} frames in the second after`);
  demo.close();
  hub.close();
});

test("who publishes under its name takes over where the settings say so, and the clip stops", () => {
  const clock = new FakeScheduler();
  const hub = new Hub({ scheduler: clock, takeover: "takeover" });
  new Demo({ hub, log: silentLog(), name: demoStream }, clip);
  const other = hub.publish(demoStream, { protocol: "rtmp", address: "192.0.2.1", encoder: "x" });
  clock.advance(2000);
  assert.equal(hub.streams.get(demoStream)!.publication, other);
  hub.close();
});
