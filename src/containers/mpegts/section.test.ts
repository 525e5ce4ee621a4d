import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { joined } from "../../bytes/joined.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { language, languageOf, registration } from "./descriptors.ts";
import { SectionAssembler, readSection, sectionBytes } from "./section.ts";
import type { Section } from "./section.ts";
import { patBody, pmtBody, readPat, readPmt } from "./tables.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const isProtocolError = (error: unknown) => error instanceof ProtocolError;

const section: fc.Arbitrary<Section> = fc.record(
  {
    tableId: fc.nat(0xfe),
    id: fc.nat(0xffff),
    version: fc.nat(31),
    isCurrent: fc.boolean(),
    number: fc.nat(255),
    last: fc.nat(255),
    body: fc.uint8Array({ maxLength: 300 }),
  },
  { noNullPrototype: true },
);

/** Payloads of packets of a PID, as a muxer would pack sections: with a pointer where one begins, stuffed behind the last. */
function payloads(sections: readonly Uint8Array[], room: number): { payload: Uint8Array; start: boolean }[] {
  const all = joined(sections);
  const starts = sections.map((_, i) => sections.slice(0, i).reduce((sum, { length }) => sum + length, 0));
  const out: { payload: Uint8Array; start: boolean }[] = [];
  for (let at = 0; at < all.length;) {
    const first = starts.find((start) => start >= at && start < at + room - 1);
    // One that would begin with the last byte has to wait for the next packet, where its pointer is.
    const length = first === undefined && !starts.includes(at + room - 1) ? room : room - 1;
    const bytes = all.subarray(at, at + length);
    const stuffing = new Uint8Array(length - bytes.length).fill(0xff);
    out.push({
      payload: joined([...(first === undefined ? [] : [Uint8Array.of(first - at)]), bytes, stuffing]),
      start: first !== undefined,
    });
    at += length;
  }
  return out;
}

describe("sections", () => {
  it("read back as they were written, over packets of any size", () => {
    fc.assert(
      fc.property(fc.array(section, { minLength: 1, maxLength: 6 }), fc.integer({ min: 2, max: 184 }), (wanted, room) => {
        const got: Section[] = [];
        const assembler = new SectionAssembler((bytes) => got.push({ ...readSection(bytes), body: readSection(bytes).body.slice() }));
        for (const { payload, start } of payloads(wanted.map(sectionBytes), room)) assembler.take(payload, start);
        assert.deepEqual(got, wanted);
      }),
    );
  });

  it("that are cut are left out, and the next one is read", () => {
    const one: Section = { tableId: 2, id: 1, version: 3, isCurrent: true, number: 0, last: 0, body: new Uint8Array(200) };
    let count = 0;
    const assembler = new SectionAssembler(() => count++);
    const packets = payloads([sectionBytes(one)], 184);
    assembler.take(packets[0]!.payload, true);
    assembler.lost();
    assembler.take(packets[1]!.payload, false);
    assert.equal(count, 0);
    for (const { payload, start } of packets) assembler.take(payload, start);
    assert.equal(count, 1);
  });

  it("with one bit changed are refused", () => {
    fc.assert(
      fc.property(section, fc.nat(), (wanted, bit) => {
        const bytes = sectionBytes(wanted);
        const at = bit % (8 * bytes.length);
        bytes[at >> 3]! ^= 1 << (at & 7);
        // The bits before the length are reserved, and under the checksum all the same.
        assert.throws(() => readSection(bytes), isProtocolError);
      }),
    );
  });

  it("of any bytes are sections or nothing", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.uint8Array({ maxLength: 184 }), fc.boolean()), { maxLength: 30 }), (pieces) => {
        const assembler = new SectionAssembler((bytes) => {
          try {
            const { body } = readSection(bytes);
            readPat(body);
            readPmt(body);
          } catch (error) {
            assert.ok(isProtocolError(error), String(error));
          }
        });
        for (const [payload, start] of pieces) assembler.take(payload, start);
      }),
    );
  });
});

describe("tables", () => {
  it("are those that FFmpeg writes", () => {
    const pat = readSection(hex("00b00d0001c100000001f0002ab104b2"));
    assert.deepEqual([pat.id, pat.version, pat.isCurrent], [1, 0, true]);
    assert.deepEqual(readPat(pat.body), [{ program: 1, pid: 0x1000 }]);
    assert.deepEqual(sectionBytes({ ...pat, body: patBody(readPat(pat.body)) }), hex("00b00d0001c100000001f0002ab104b2"));
    const pmtBytes = hex("02b0170001c10000e100f0001be100f0000fe101f0002f44b99b");
    const pmt = readSection(pmtBytes);
    const table = readPmt(pmt.body);
    assert.deepEqual(table, {
      pcrPid: 0x100,
      descriptors: [],
      streams: [
        { type: 0x1b, pid: 0x100, descriptors: [] },
        { type: 0x0f, pid: 0x101, descriptors: [] },
      ],
    });
    assert.deepEqual(sectionBytes({ ...pmt, body: pmtBody(table) }), pmtBytes);
  });

  it("leave the network and impossible PIDs out", () => {
    assert.deepEqual(readPat(patBody([0, 1, 2, 3].map((program) => ({ program, pid: [0x20, 0x0f, 0x1fff, 0x20][program]! })))), [
      { program: 3, pid: 0x20 },
    ]);
  });

  it("carry descriptors", () => {
    const descriptors = [registration("Opus"), language("de-CH")];
    const table = { pcrPid: 0x100, descriptors: [], streams: [{ type: 6, pid: 0x101, descriptors }] };
    assert.deepEqual(readPmt(pmtBody(table)), table);
    assert.equal(languageOf(descriptors), "de");
    assert.equal(languageOf([{ tag: 0x0a, data: hex("67657200 667265") }]), "de");
    assert.equal(languageOf([{ tag: 0x0a, data: hex("6765") }]), undefined);
    const streams = Array.from({ length: 80 }, (_, i) => ({ type: 6, pid: 0x100 + i, descriptors }));
    assert.throws(() => pmtBody({ ...table, streams }), isProtocolError);
  });
});
