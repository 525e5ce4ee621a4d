import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { makeClip } from "../support/clip.ts";
import { packetsOf } from "../support/packets.ts";
import type { RunningProgram } from "../support/program.ts";
import { Place } from "./place.ts";
import { ffmpeg5 as player5, ffmpeg8 as player8, type Got } from "./players.ts";
import { ffmpeg5 } from "./publishers.ts";

const name = "live/cam";
const hashes = (packets: readonly Got[], kind: Got["kind"]): string[] => packets.filter((p) => p.kind === kind).map(({ md5 }) => md5);

/** Two players that wait for a publisher, and what they will have got. */
async function audience(place: Place): Promise<{ readonly played: Promise<Got[][]> }> {
  const played = Promise.all([player5, player8].map((player) => player.play(place.rtmp(name), place)));
  // Awaited by the test; if something fails before, that is the failure to report.
  played.catch(() => undefined);
  await place.waiting(2);
  return { played };
}

/** The publisher is on air and half a second of it has come. */
async function onAir(place: Place): Promise<void> {
  await place.until(() => place.server.hub.streams.get(name)?.state === "live", "the publisher is on air");
  const timeline = place.server.hub.streams.get(name)!.timeline;
  await place.until(() => timeline.bytes > 20_000, "media came");
}

/** Each player went on from the first clip to all of the second, in times that only rise. */
async function assertWentOn(got: readonly Got[][], first: string, second: string): Promise<void> {
  const [before, after] = [await packetsOf(first), await packetsOf(second)];
  for (const packets of got) {
    const video = hashes(packets, "video");
    const wanted = hashes(after, "video");
    assert.deepEqual(video.slice(-wanted.length), wanted);
    const kept = video.length - wanted.length;
    assert.ok(kept > 0);
    assert.deepEqual(video.slice(0, kept), hashes(before, "video").slice(0, kept));
    const times = packets.filter(({ kind }) => kind === "audio").map(({ ptsMicros }) => ptsMicros ?? NaN);
    assert.ok(times.every((time, i) => i === 0 || time > times[i - 1]!));
  }
}

describe("RTMP with real clients: an encoder that comes back", () => {
  const seconds = 2;

  it("is watched on by the players it had after a crash, other picture size and sample rate and all", async () => {
    await using place = await Place.open({ streams: { gracePeriod: "10s" } });
    const [first, second] = [await makeClip({ seconds }), await makeClip({ seconds, size: "640x360", tone: 880, sampleRate: 44_100 })];
    const { played } = await audience(place);
    await using crashing = ffmpeg5.publish(first, place.rtmp(name));
    await onAir(place);
    crashing.kill();
    await using again = ffmpeg5.publish(second, place.rtmp(name));
    await again.succeeded();
    await assertWentOn(await played, first, second);
  });

  it("is on air again on its first retry though its old connection only went silent", async () => {
    await using place = await Place.open({ streams: { gracePeriod: "10s" } });
    const [first, second] = [await makeClip({ seconds }), await makeClip({ seconds, tone: 880 })];
    const { played } = await audience(place);
    await using frozen = ffmpeg5.publish(first, place.rtmp(name));
    await onAir(place);
    frozen.pause();
    await using again = ffmpeg5.publish(second, place.rtmp(name));
    await again.succeeded();
    await assertWentOn(await played, first, second);
    await ended(frozen);
  });
});

/** A publisher that was taken over is told so and gives up. */
async function ended(program: RunningProgram): Promise<void> {
  program.resume();
  assert.notEqual((await program.finished).code, 0);
}
