import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { box, fields, fullBox } from "./boxes.ts";
import { SampleFlags, fragmentParts } from "./fragment.ts";
import type { Fragment } from "./fragment.ts";
import { fmp4Init } from "./init.ts";
import { Fmp4Reader } from "./reader.ts";
import type { FragmentEvent } from "./reader.ts";
import { aacTrack, avcTrack } from "./tracks.fixture.ts";

const init = fmp4Init([avcTrack(), aacTrack()]);

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return fields((out) => parts.forEach((part) => out.bytes(part)));
}

const sample = fc.record({
  duration: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
  flags: fc.constantFrom(...Object.values(SampleFlags)),
  compositionOffset: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  data: fc.uint8Array({ minLength: 1, maxLength: 30 }),
});
const reference = fc.record({ utc: fc.integer({ min: 0, max: 4e12 }), mediaTime: fc.integer({ min: 0, max: 2 ** 50 }) });
const fragment: fc.Arbitrary<Fragment> = fc.record(
  {
    sequence: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    trackId: fc.constantFrom(1, 2),
    decodeTime: fc.integer({ min: 0, max: 2 ** 52 }),
    samples: fc.array(sample, { minLength: 1, maxLength: 5 }),
    reference,
  },
  { requiredKeys: ["sequence", "trackId", "decodeTime", "samples"] },
);

function read(pieces: readonly Uint8Array[]): FragmentEvent[] {
  const reader = new Fmp4Reader();
  return pieces.flatMap((piece) => reader.push(piece)).filter((event) => event.type === "fragment");
}

test("a fragment reads back as it was written, in pieces cut anywhere", () => {
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 4 }), fc.integer({ min: 1, max: 400 }), (wanted, step) => {
      const bytes = joined([init, ...wanted.flatMap(fragmentParts)]);
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += step) pieces.push(bytes.slice(at, at + step));
      const got = read(pieces);
      assert.equal(got.length, wanted.length);
      for (const [i, event] of got.entries()) assertSame(event, wanted[i]!);
    }),
  );
});

function assertSame(event: FragmentEvent, wanted: Fragment): void {
  const [track] = event.fragment.tracks;
  assert.equal(event.fragment.sequence, wanted.sequence);
  assert.deepEqual([track!.trackId, track!.decodeTime], [wanted.trackId, wanted.decodeTime]);
  assert.deepEqual(
    track!.samples.map(({ duration, flags, compositionOffset }, i) => ({ duration, flags, compositionOffset, data: event.payloads[i]! })),
    wanted.samples.map((each) => ({ ...each })),
  );
  assert.equal(event.references.length, wanted.reference === undefined ? 0 : 1);
  if (wanted.reference === undefined) return;
  const [clock] = event.references;
  assert.deepEqual([clock!.trackId, clock!.mediaTime], [wanted.trackId, wanted.reference.mediaTime]);
  assert.ok(Math.abs(clock!.utc - wanted.reference.utc) < 0.001);
}

test("payloads go out as the views that came in", () => {
  const data = Uint8Array.of(1, 2, 3);
  const one = { duration: 1, flags: SampleFlags.sync, compositionOffset: 0, data };
  const parts = fragmentParts({ sequence: 1, trackId: 1, decodeTime: 0, samples: [one, one] });
  assert.equal(parts[1], data);
  assert.equal(parts[2], data);
});

test("the bytes of a video fragment are those of the standard", () => {
  const samples = [{ duration: 3750, flags: SampleFlags.dependent, compositionOffset: -2, data: Uint8Array.of(9) }];
  const bytes = joined(fragmentParts({ sequence: 5, trackId: 1, decodeTime: 2 ** 33, samples, reference: { utc: 500, mediaTime: 7 } }));
  const words = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  assert.equal(
    words,
    "00000020707266740100001800000001" +
      "83aa7e80800000000000000000000007" + // prft: 1970 in NTP, half a second
      "000000686d6f6f66" +
      "000000106d6668640000000000000005" + // moof, mfhd
      "0000005074726166" +
      "00000010746668640002000000000001" + // traf, tfhd
      "0000001474666474010000000000000200000000" + // tfdt
      "000000247472756e01000f010000000100000070" +
      "00000ea60000000101010000fffffffe" + // trun
      "000000096d646174" +
      "09",
  );
});

test("what a fragment does not say comes from its track and its movie", () => {
  const tfhd = fullBox(
    "tfhd",
    0,
    0x02_0028,
    fields((out) => out.u32(1).u32(512).u32(0x0101_0000)),
  );
  const tfdt = fullBox(
    "tfdt",
    0,
    0,
    fields((out) => out.u32(100)),
  );
  const trun = fullBox(
    "trun",
    0,
    0x205,
    fields((out) => out.u32(2).u32(0x70).u32(0x0200_0000).u32(2).u32(1)),
  );
  const mfhd = fullBox(
    "mfhd",
    0,
    0,
    fields((out) => out.u32(1)),
  );
  const moof = box("moof", mfhd, box("traf", tfhd, tfdt, trun));
  assert.equal(moof.length, 0x68);
  const [event] = read([init, box("styp"), moof, box("mdat", Uint8Array.of(1, 2, 3))]);
  assert.deepEqual(
    event!.fragment.tracks[0]!.samples.map((each) => [each.duration, each.size, each.flags]),
    [
      [512, 2, 0x0200_0000],
      [512, 1, 0x0101_0000],
    ],
  );
  assert.deepEqual(
    event!.payloads.map((each) => [...each]),
    [[1, 2], [3]],
  );
});

test("boxes out of order, and samples outside their payload, are refused", () => {
  const one = { duration: 1, flags: SampleFlags.sync, compositionOffset: 0, data: Uint8Array.of(1) };
  const [moof] = fragmentParts({ sequence: 1, trackId: 1, decodeTime: 0, samples: [one] });
  const bare = moof!.subarray(0, moof!.length - 8);
  const refused = (code: string, ...pieces: Uint8Array[]): void => {
    assert.throws(
      () => read(pieces),
      (error) => error instanceof ProtocolError && error.code === code,
    );
  };
  refused("order", bare);
  refused("order", init, box("mdat"));
  refused("order", init, bare, bare);
  refused("malformed", init, bare, box("mdat"));
  refused("limit", init, ...Array.from({ length: 65 }, () => fullBox("prft", 0, 0, new Uint8Array(20))));
});

test("a run that promises more samples than there may be costs nothing", () => {
  const tfhd = fullBox(
    "tfhd",
    0,
    0x02_0000,
    fields((out) => out.u32(1)),
  );
  const tfdt = fullBox(
    "tfdt",
    0,
    0,
    fields((out) => out.u32(0)),
  );
  const trun = fullBox(
    "trun",
    0,
    0,
    fields((out) => out.u32(0xffff_ffff)),
  );
  const moof = box("moof", fullBox("mfhd", 0, 0, new Uint8Array(4)), box("traf", tfhd, tfdt, trun));
  assert.throws(
    () => read([init, moof]),
    (error) => error instanceof ProtocolError && error.code === "limit",
  );
});

test("a damaged stream throws ProtocolError and nothing else", () => {
  const one = { duration: 1, flags: SampleFlags.sync, compositionOffset: 5, data: Uint8Array.of(1, 2, 3, 4) };
  const good = joined([
    init,
    ...fragmentParts({ sequence: 1, trackId: 1, decodeTime: 9, samples: [one, one], reference: { utc: 1, mediaTime: 2 } }),
  ]);
  const change = fc.tuple(fc.integer({ min: init.length, max: good.length - 1 }), fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 5 }), (changes) => {
      const damaged = good.slice();
      for (const [at, byte] of changes) damaged[at] = byte;
      assertOnlyProtocolErrors(damaged);
    }),
    { numRuns: 2000 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), assertOnlyProtocolErrors));
});

function assertOnlyProtocolErrors(bytes: Uint8Array): void {
  try {
    read([bytes]);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
}
