import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { avcConfigFrom, parseAvcConfig } from "./avc.ts";
import { hevcConfigFrom, parseHevcConfig } from "./hevc.ts";
import { InBandVideo } from "./in-band-video.ts";
import { joinNalUnits } from "./nal.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const text = (data: Uint8Array) => Buffer.from(data).toString("hex");

/** 320 by 180 and 1280 by 720 pixels, x264; both have the numbers 0. */
const small = parseAvcConfig(hex("01f4000dffe1001967f4000d919b28283f6022000003000200000300641e28532c01000668ebe3c44844fff8f800"));
const large = parseAvcConfig(hex("0164001fffe1001a6764001facd9405005bb011000000300100000030300f183196001000468efbcb0fdf8f800"));
const [smallSps, smallPps] = [small.sps[0]!, small.pps[0]!];
const [largeSps, largePps] = [large.sps[0]!, large.pps[0]!];
/** A PPS with the number 1. */
const otherPps = hex("685eb8");
const hevc = parseHevcConfig(
  hex(
    "0101600000009000000000005df000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003005d959809a10001002c4201010160000003009000" +
      "0003000003005da00280802d1d565959a4932bc05a020000030002000003003c10a2000100074401c172b46240",
  ),
);

const delimiter = hex("09f0");
const filler = hex("0cffff80");
const sei = hex("06010101 80");
const idr = hex("6588 1234");
const slice = hex("419a 5678");
const secondSlice = hex("4140 9abc");
/** x264 with interlaced=1. */
const interlacedSps = hex("67640015acd94143360220000003002000000643e28532c0");

describe("frames of H.264 with parameter sets among them", () => {
  it("have none of the sets, delimiters and filler, and the sets become the record", () => {
    const video = new InBandVideo("avc");
    const frame = video.frame([delimiter, smallSps, smallPps, sei, idr, filler]);
    assert.deepEqual(frame, { sap: 1, discardable: false, data: joinNalUnits([sei, idr]) });
    assert.deepEqual(video.config, avcConfigFrom([smallSps], [smallPps]));
    assert.deepEqual(video.frame([delimiter, slice])?.data, joinNalUnits([slice]));
    const before = video.config;
    assert.deepEqual(video.frame([smallSps, smallPps, idr])?.data, joinNalUnits([idr]));
    assert.deepEqual(video.frame([smallSps, smallPps, slice])?.data, joinNalUnits([slice]));
    assert.equal(video.config, before);
  });

  it("are none before sets and a picture to start at have come", () => {
    const video = new InBandVideo("avc");
    assert.equal(video.frame([idr]), undefined);
    assert.equal(video.frame([smallSps, smallPps]), undefined);
    assert.equal(video.frame([slice]), undefined);
    assert.deepEqual(video.frame([idr])?.data, joinNalUnits([idr]));
    assert.deepEqual(video.config, avcConfigFrom([smallSps], [smallPps]));
  });

  it("another SPS makes another record, without what belonged to the old one", () => {
    const video = new InBandVideo("avc");
    video.frame([smallSps, smallPps, otherPps, idr]);
    assert.deepEqual(video.config, avcConfigFrom([smallSps], [smallPps, otherPps]));
    video.frame([largeSps, largePps, idr]);
    assert.deepEqual(video.config, avcConfigFrom([largeSps], [largePps]));
  });

  it("a set that changes where decoding cannot start stays in its frame, and is in the next record", () => {
    const video = new InBandVideo("avc");
    video.frame([smallSps, smallPps, idr]);
    assert.deepEqual(video.frame([delimiter, smallPps, otherPps, slice])?.data, joinNalUnits([otherPps, slice]));
    assert.deepEqual(video.frame([otherPps, slice])?.data, joinNalUnits([otherPps, slice]));
    assert.deepEqual(video.config, avcConfigFrom([smallSps], [smallPps]));
    assert.deepEqual(video.frame([smallSps, smallPps, idr])?.data, joinNalUnits([idr]));
    assert.deepEqual(video.config, avcConfigFrom([smallSps], [smallPps, otherPps]));
    assert.deepEqual(video.frame([otherPps, slice])?.data, joinNalUnits([slice]));
  });

  it("sets are kept when the bytes they came in are used again", () => {
    const video = new InBandVideo("avc");
    const sets = [smallSps, smallPps].map((set) => Uint8Array.from(set));
    video.frame(sets);
    for (const set of sets) set.fill(0xff);
    video.frame([idr]);
    assert.deepEqual(video.config, avcConfigFrom([smallSps], [smallPps]));
  });

  it("are told apart by their first slices", () => {
    const video = new InBandVideo("avc");
    const first = [delimiter, smallSps, smallPps, sei, idr, secondSlice, filler];
    assert.deepEqual(video.pictures([...first, delimiter, slice, secondSlice, sei, slice, slice]), [
      first,
      [delimiter, slice, secondSlice],
      [sei, slice],
      [slice],
    ]);
    // SEI between the slices of one picture, where it should not be.
    assert.deepEqual(video.pictures([slice, sei, secondSlice]), [[slice, sei, secondSlice]]);
    assert.deepEqual(video.pictures([smallSps, smallPps]), [[smallSps, smallPps]]);
  });

  it("of two fields stay together", () => {
    const video = new InBandVideo("avc");
    const fields = [interlacedSps, smallPps, idr, slice];
    assert.deepEqual(video.pictures(fields), [fields]);
    assert.deepEqual(video.pictures([slice, slice]), [[slice, slice]]);
    assert.deepEqual(video.pictures([smallSps, smallPps, idr, slice]).length, 2);
  });
});

describe("frames of HEVC with parameter sets among them", () => {
  const [vps, sps, pps] = [hevc.vps[0]!, hevc.sps[0]!, hevc.pps[0]!];
  const [aud, picture, second, layer] = [hex("460150"), hex("2601af12"), hex("02010f34"), hex("260980ff")];
  const start = hex("0201d0ff");

  it("have none of the sets, and the sets become the record", () => {
    const video = new InBandVideo("hevc");
    assert.equal(video.frame([start]), undefined);
    const frame = video.frame([aud, vps, sps, pps, picture, layer]);
    assert.deepEqual(frame, { sap: 2, discardable: false, data: joinNalUnits([picture, layer]) });
    assert.deepEqual(video.config, hevcConfigFrom([vps], [sps], [pps]));
    assert.deepEqual(video.frame([aud, start])?.data, joinNalUnits([start]));
  });

  it("are told apart by their first slices, in the base layer", () => {
    const video = new InBandVideo("hevc");
    const units = [aud, vps, sps, pps, picture, second, layer];
    assert.deepEqual(video.pictures([...units, aud, start, second]), [units, [aud, start, second]]);
  });
});

it("units of any bytes make frames or are refused, and sets have a bound", () => {
  const unit = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 40 }),
    fc.constantFrom(smallSps, smallPps, largeSps, largePps, idr, slice, sei, delimiter, ...hevc.vps, ...hevc.sps, ...hevc.pps),
    fc
      .tuple(fc.constantFrom(0x67, 0x68, 0x65, 0x40, 0x42, 0x44, 0x26), fc.uint8Array({ maxLength: 30 }))
      .map(([type, rest]) => Uint8Array.of(type, ...rest)),
  );
  fc.assert(
    fc.property(
      fc.constantFrom("avc" as const, "hevc" as const),
      fc.array(fc.array(unit, { maxLength: 8 }), { maxLength: 12 }),
      (codec, all) => {
        const video = new InBandVideo(codec);
        for (const units of all) {
          try {
            const pictures = video.pictures(units);
            assert.equal(text(joinNalUnits(pictures.flat())), text(joinNalUnits(units)));
            for (const each of pictures) video.frame(each);
          } catch (error) {
            assert.ok(error instanceof ProtocolError, String(error));
          }
        }
      },
    ),
    { numRuns: 1000 },
  );
});
