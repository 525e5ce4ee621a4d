import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeScheduler } from "../../test/support/fake-scheduler.ts";
import { video, videoTrack } from "../../test/support/hub-fixtures.ts";
import { ProtocolError } from "../bytes/protocol-error.ts";
import type { Demuxer, FrameSink } from "../media/demuxer.ts";
import { Hub } from "./hub.ts";
import { Intake, type IntakeOptions } from "./intake.ts";

/** Every byte is a picture of 40 ms; 0 is a mistake, and 255 a fault. */
function oneByteEach(sink: FrameSink): Demuxer {
  let time = 0;
  sink.announce({ video: true, audio: false });
  sink.track(videoTrack);
  return {
    push(piece) {
      for (const byte of piece) {
        if (byte === 0) throw new ProtocolError("malformed", "a nought");
        if (byte === 255) throw new RangeError("our mistake");
        sink.frame(video(time));
        time += 40;
      }
    },
    end() {
      if (time === 0) throw new ProtocolError("truncated", "nothing came");
    },
  };
}

function setUp(options: Partial<IntakeOptions> = {}) {
  const scheduler = new FakeScheduler();
  const hub = new Hub({ scheduler, retention: { beforeNewestStart: 60_000, maxBytes: 1e6 } });
  const publication = hub.publish("live/a", { protocol: "test", address: "", encoder: "" });
  const heard: unknown[] = [];
  const source = { pause: () => void heard.push("pause"), resume: () => void heard.push("resume") };
  const over = (error: unknown): void => void heard.push(error ?? "over");
  const pace = { ahead: 1000, tolerance: 10_000, cut: 3000 };
  const intake = new Intake({ publication, demuxer: oneByteEach, scheduler, pace, source, over, ...options });
  const times: number[] = [];
  hub.streams.get("live/a")!.timeline.follow({
    frame: ({ dts }) => times.push(dts),
    generation: () => undefined,
    discontinuity: () => undefined,
    end: () => undefined,
  });
  /** Time goes on in small steps, with turns of promises between. */
  const wait = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += 5) {
      scheduler.advance(5);
      for (let i = 0; i < 5; i++) await Promise.resolve();
    }
  };
  return { scheduler, publication, intake, heard, times, wait };
}

const pictures = (count: number): Uint8Array => new Uint8Array(count).fill(1);

test("what comes in time goes on at once, and the source is never held back", async () => {
  const { intake, heard, times, wait } = setUp();
  for (let i = 0; i < 100; i++) {
    intake.push(pictures(1));
    assert.equal(times.length, i + 1);
    await wait(40);
  }
  intake.end();
  assert.deepEqual(heard, ["over"]);
  assert.equal(intake.bytes, 100);
});

test("what comes ahead of its time is slowed down to its own pace, and nothing is lost", async () => {
  const { intake, heard, times, wait } = setUp();
  intake.push(pictures(100));
  assert.deepEqual(heard, ["pause"]);
  intake.push(pictures(5));
  intake.end();
  await wait(1000);
  assert.ok(times.length >= 50 && times.length <= 52, `${times.length} of 105 after a second, a second ahead`);
  assert.deepEqual(heard, ["pause"]);
  await wait(3000);
  assert.equal(times.length, 105);
  assert.equal(heard.at(-1), "over");
});

test("what a demuxer gives at the end is slowed down too, and taken", async () => {
  const demuxer = (sink: FrameSink): Demuxer => ({ ...oneByteEach(sink), end: () => sink.frame(video(40 * 100)) });
  const { intake, heard, times, wait } = setUp({ demuxer });
  intake.push(pictures(100));
  intake.end();
  await wait(2900);
  assert.ok(times.length < 100 && heard.at(-1) !== "over");
  await wait(500);
  assert.deepEqual([times.length, heard.at(-1)], [101, "over"]);
});

test("a long burst that is in time comes in slices, so that viewers who wait for it get its beginning", async () => {
  const { intake, times, wait } = setUp({ pace: { ahead: 4000 } });
  intake.push(pictures(100));
  assert.ok(times.length > 10 && times.length < 15);
  await wait(200);
  assert.equal(times.length, 100);
});

test("without a pace everything is taken as it comes", () => {
  const { intake, heard, times } = setUp({ pace: undefined });
  intake.push(pictures(500));
  assert.deepEqual([times.length, heard], [500, []]);
});

test("a mistake ends it once, with the place; a fault is passed on as it is", () => {
  const { intake, heard } = setUp();
  intake.push(pictures(3));
  intake.push(Uint8Array.of(1, 0, 1));
  intake.push(Uint8Array.of(0));
  intake.end();
  assert.equal(heard.length, 1);
  assert.deepEqual([(heard[0] as ProtocolError).code, (heard[0] as ProtocolError).message], ["malformed", "byte 3: a nought"]);
  const other = setUp();
  other.intake.push(Uint8Array.of(255));
  assert.ok(other.heard[0] instanceof RangeError);
  const empty = setUp();
  empty.intake.end();
  assert.equal((empty.heard[0] as ProtocolError).code, "truncated");
});

test("when the publication ends, what is held is let go of and nobody is told", async () => {
  const { intake, publication, heard, times, wait } = setUp();
  intake.push(pictures(100));
  publication.close("replaced");
  intake.stop();
  await wait(5000);
  assert.ok(times.length < 30);
  assert.deepEqual(heard, ["pause"]);
});
