import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { avcTrack } from "../../../test/support/ts-streams.ts";
import { joinAnnexB } from "../../media/annex-b.ts";
import { parseAvcConfig } from "../../media/avc.ts";
import { joinNalUnits } from "../../media/nal.ts";
import type { ElementaryTrack } from "./elementary.ts";
import { VideoElementary } from "./video-elementary.ts";

const hex = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits.replaceAll(" ", ""), "hex"));
const text = (data: Uint8Array): string => Buffer.from(data).toString("hex");

/** 25 pictures a second. */
const { sps, pps } = parseAvcConfig(avcTrack().config);
const sets = [...sps, ...pps];
const delimiter = hex("09f0");
const idr = hex("65 88 01 80");
/** Referred to, and not. */
const [p, b] = [hex("41 9a 02 80"), hex("01 9e 03 80")];

function reading() {
  const read = { frames: [] as (readonly [dts: number, pts: number, data: string])[], tracks: [] as ElementaryTrack[], dropped: 0 };
  const elementary = new VideoElementary("avc", {
    track: (track) => read.tracks.push(track),
    frame: ({ dts, pts, data }) => read.frames.push([dts, pts, text(data)]),
    dropped: () => (read.dropped += 1),
  });
  const packet = (units: readonly Uint8Array[], dts?: number, pts = dts, isFull = false): void =>
    elementary.packet(joinAnnexB(units), dts === undefined ? undefined : { dts, pts: pts! }, isFull);
  return { elementary, read, packet };
}

const framed = (...units: Uint8Array[]): string => text(joinNalUnits(units));

describe("pictures in PES packets", () => {
  it("one in each have its times", () => {
    const { read, packet } = reading();
    packet([delimiter, ...sets, idr], 1000, 4600);
    packet([delimiter, p], 4600, 15_400);
    packet([delimiter, b], 8200, 8200);
    assert.deepEqual(read.frames, [
      [1000, 4600, framed(idr)],
      [4600, 15_400, framed(p)],
      [8200, 8200, framed(b)],
    ]);
    assert.deepEqual(
      read.tracks.map(({ config }) => text(config)),
      [text(avcTrack().config)],
    );
  });

  it("several in one follow by the frame rate, shown as those of their sort were", () => {
    const { read, packet } = reading();
    packet([...sets, idr], 0, 7200);
    packet([p], 3600, 14_400);
    packet([b], 7200, 7200);
    packet([delimiter, p, delimiter, b, delimiter, b, p], 10_800, 21_600);
    packet([b]);
    assert.deepEqual(
      read.frames.slice(3).map(([dts, pts]) => [dts, pts]),
      [
        [10_800, 21_600],
        [14_400, 14_400],
        [18_000, 18_000],
        [21_600, 32_400],
        [25_200, 25_200],
      ],
    );
    assert.equal(read.dropped, 0);
  });

  it("follow by the steps before where no rate is told", () => {
    const untimed = hex("6742c01e da050664");
    const { read, packet } = reading();
    packet([untimed, ...pps, idr], 0);
    packet([p, p], 3000);
    packet([p]);
    assert.deepEqual(
      read.frames.map(([dts]) => dts),
      [0, 3000, 6000, 9000],
    );
    assert.equal(read.tracks[0]!.kind === "video" && read.tracks[0]!.frameRate, 0);
  });

  it("spread over several are put together where those were full", () => {
    const { elementary, read, packet } = reading();
    const bytes = joinAnnexB([...sets, idr, hex("65 40 77 80")]);
    elementary.packet(bytes.subarray(0, 30), { dts: 0, pts: 0 }, true);
    elementary.packet(bytes.subarray(30, 50), undefined, true);
    assert.equal(read.frames.length, 0);
    elementary.packet(bytes.subarray(50), undefined, false);
    assert.deepEqual(read.frames, [[0, 0, framed(idr, hex("65 40 77 80"))]]);
    // One that happens to be full ends where the next has stamps, or at the end.
    packet([p], 3600, 3600, true);
    packet([p], 7200, 7200, true);
    assert.equal(read.frames.length, 2);
    elementary.flush();
    assert.deepEqual(
      read.frames.map(([dts]) => dts),
      [0, 3600, 7200],
    );
  });

  it("that are cut, or follow from nothing, are dropped and counted", () => {
    const { elementary, read, packet } = reading();
    packet([p], 0);
    packet([idr], 3600);
    assert.deepEqual([read.frames.length, read.dropped], [0, 2]);
    packet([...sets, idr], 7200);
    packet([p], 10_800, 10_800, true);
    elementary.interrupted();
    assert.equal(read.dropped, 3);
    packet([p]);
    assert.equal(read.dropped, 4);
    elementary.packet(hex("41 9a 02 80"), { dts: 18_000, pts: 18_000 }, false);
    assert.equal(read.dropped, 5);
    packet([p], 21_600);
    assert.deepEqual(
      read.frames.map(([dts]) => dts),
      [7200, 21_600],
    );
  });

  it("parameter sets and delimiters alone are no picture", () => {
    const { read, packet } = reading();
    packet([...sets, idr], 0);
    packet([delimiter], 3600);
    packet(sets, 3600);
    packet([idr], 3600);
    assert.deepEqual([read.frames.length, read.dropped, read.tracks.length], [2, 0, 1]);
  });
});
