import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { writeHeader } from "./header.ts";
import { PAGE_HEADER, PAGE_SIZE, readPage, ringOrder } from "./page.ts";
import { PAGE_PAYLOAD, PageWriter } from "./page-writer.ts";
import type { FfmFrame, FfmReaderOptions } from "./reader.ts";
import { FfmReader } from "./reader.ts";

const none = new Map<string, string>();
const stream = { codecId: 13, kind: "video", bitRate: 0, extradata: new Uint8Array(0), options: none, privateOptions: none } as const;
const header = writeHeader([stream, { ...stream, codecId: 8 }]);

interface Read {
  readonly frames: FfmFrame[];
  readonly pending: number;
  readonly lost: number;
}

function read(pieces: Iterable<Uint8Array>, options: FfmReaderOptions = {}): Read {
  const frames: FfmFrame[] = [];
  const reader = new FfmReader(
    { header: () => undefined, frame: (each) => frames.push({ ...each, data: Uint8Array.from(each.data) }) },
    options,
  );
  for (const piece of pieces) reader.push(piece);
  return { frames, pending: reader.pending, lost: reader.lost };
}

function frame(number: number, size: number): FfmFrame {
  const pts = number * 40_000;
  return {
    stream: number % 2,
    isKey: number % 3 === 0,
    dts: pts - 80_000,
    pts,
    duration: 40_000,
    size,
    data: new Uint8Array(size).fill(number),
  };
}

/** The pages of some frames. */
function pagesOf(frames: readonly FfmFrame[]): Uint8Array[] {
  const writer = new PageWriter();
  for (const each of frames) writer.add(each);
  return writer.flush();
}

/** A copy of a page with another word at an offset. */
function changed(page: Uint8Array, at: number, word: number): Uint8Array {
  const copy = Uint8Array.from(page);
  new DataView(copy.buffer).setUint16(at, word);
  return copy;
}

const sizes = fc.array(fc.oneof(fc.nat(30), fc.nat(9000), fc.integer({ min: PAGE_PAYLOAD - 40, max: PAGE_PAYLOAD + 4 })), {
  maxLength: 12,
});

test("frames come out as they went in, cut anywhere", () => {
  fc.assert(
    fc.property(sizes, fc.array(fc.integer({ min: 1, max: 6000 }), { minLength: 1, maxLength: 9 }), (lengths, cuts) => {
      const frames = lengths.map((size, number) => frame(number, size));
      const bytes = new Uint8Array(Buffer.concat([header, ...pagesOf(frames)]));
      const pieces: Uint8Array[] = [];
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const length = cuts[i % cuts.length]!;
        pieces.push(bytes.subarray(at, at + length));
        at += length;
      }
      assert.deepEqual(read(pieces), { frames, pending: 0, lost: 0 });
    }),
  );
});

test("pages tell where frames begin: the first is marked as a beginning, one without a frame header has the time before it", () => {
  const pages = pagesOf([frame(1, 10), frame(2, 9000), frame(3, 10)]).map(readPage);
  assert.deepEqual(
    pages.map(({ firstFrame, discontinuity, dts }) => [firstFrame, discontinuity, dts]),
    [
      [14, true, -40_000],
      [0, false, -40_000],
      [14 + 30 + 20 + 9000 - 2 * PAGE_PAYLOAD, false, 40_000],
    ],
  );
});

test("a reader that begins in the middle begins with the first frame that begins there", () => {
  const frames = [frame(0, 6000), frame(1, 100), frame(2, 5000), frame(3, 7)];
  const pages = pagesOf(frames);
  for (let skipped = 0; skipped <= pages.length; skipped++) {
    const got = read([header, ...pages.slice(skipped)]);
    assert.equal(got.lost, 0);
    assert.deepEqual(got.frames, frames.slice(frames.length - got.frames.length));
  }
});

test("what a writer left unfinished before it began anew is dropped", () => {
  const cut = pagesOf([frame(0, 10), frame(1, 9000)]).slice(0, 2);
  assert.deepEqual(read([header, ...cut, ...pagesOf([frame(2, 10)])]), { frames: [frame(0, 10), frame(2, 10)], pending: 0, lost: 1 });
});

test("the end within a frame or a page is seen", () => {
  const pages = pagesOf([frame(0, 9000)]);
  assert.equal(read([header, pages[0]!]).pending, PAGE_PAYLOAD);
  assert.equal(read([header, pages[0]!.subarray(0, 100)]).pending, 100);
  assert.equal(read([header.subarray(0, 100)]).pending, 100);
});

test("damage and lies are errors, by their code", () => {
  const [page] = pagesOf([frame(0, 100), frame(1, 100)]) as [Uint8Array];
  const long = pagesOf([frame(0, 5000), frame(1, 100)]);
  const refused = (pages: readonly Uint8Array[], code: string, words: RegExp, options: FfmReaderOptions = {}): void =>
    assert.throws(
      () => read([header, ...pages], options),
      (error) => error instanceof ProtocolError && error.code === code && words.test(error.message),
    );
  refused([changed(page, 0, 0x4646)], "malformed", /fm/);
  refused([changed(page, 2, 4090)], "malformed", /filling/);
  refused([changed(page, 12, 0x8003)], "malformed", /outside/);
  refused([page, changed(page, 12, 0x0020)], "malformed", /says that it is at 32/);
  refused([long[0]!, changed(long[1]!, 12, 0)], "malformed", /says that it is at 0/);
  refused([long[0]!, changed(long[1]!, 12, 20)], "malformed", /says that it is at 20/);
  refused([long[0]!, changed(pagesOf([frame(0, 9000)])[1]!, 12, 20)], "malformed", /at 20/);
  refused([changed(page, PAGE_HEADER, 0x0200)], "malformed", /stream 2/);
  refused(pagesOf([frame(0, 101)]), "limit", /101 bytes, 100 allowed/, { maxFrame: 100 });
});

test("a reader of files steps over what is damaged, to the next page that says where a frame begins", () => {
  const frames = Array.from({ length: 40 }, (_, number) => frame(number, 1500));
  const pages = pagesOf(frames);
  /** All that was read was written, in this order; of the frames whose bytes were cut `broken` may be there. */
  const alike = (got: readonly FfmFrame[], broken = 0): void => {
    const numbers = got.map(({ pts }) => pts / 40_000);
    const differ = numbers.filter((number, i) => !isDeepStrictEqual(got[i], frames[number]));
    assert.ok(differ.length <= broken, `frames ${differ.join()} differ`);
    assert.ok(numbers.every((number, i) => i === 0 || number > numbers[i - 1]!));
  };
  for (const damaged of [
    changed(pages[4]!, 0, 0),
    changed(pages[4]!, 2, 0xffff),
    changed(pages[4]!, readPage(pages[4]!).firstFrame, 0x7700),
  ]) {
    const { frames: got, lost, pending } = read([header, ...pages.with(4, damaged)], { resync: true });
    alike(got);
    assert.ok(got.length >= 33 && got.length < 40, `${got.length} frames`);
    assert.deepEqual([lost, pending], [1, 0]);
  }
  // Bytes are missing, and those of another page lie between: pages no longer begin where they did.
  const bytes = Buffer.concat(pages);
  for (const cut of [1, 1000, PAGE_SIZE - 1]) {
    const { frames: got, lost } = read([header, bytes.subarray(0, 9000), bytes.subarray(9000 + cut)], { resync: true });
    alike(got, 1);
    assert.ok(got.length >= 30 && got.length < 40, `${got.length} frames`);
    assert.ok(lost > 0);
  }
  const { frames: got, lost } = read([header, ...pages.slice(0, 3), ...pages.slice(5)], { resync: true });
  alike(got);
  assert.equal(lost, 1);
});

test("a ring file is read in the order of its writing, and in that of its bytes only up to its newest page", () => {
  const frames = Array.from({ length: 30 }, (_, number) => frame(number, 1501));
  const pages = pagesOf(frames);
  const size = 8;
  const ring: Uint8Array[] = [];
  for (const [at, page] of pages.entries()) ring[at % size] = page;
  const writeIndex = PAGE_SIZE * (1 + (pages.length % size));
  const file = Buffer.concat([writeHeader([stream, { ...stream, codecId: 8 }], writeIndex), ...ring]);
  const ranges = ringOrder(writeIndex, PAGE_SIZE, file.length);
  const { frames: got, pending } = read([file.subarray(0, PAGE_SIZE), ...ranges.map(({ from, to }) => file.subarray(from, to))]);
  assert.ok(got.length >= 15 && got.length < 30, `${got.length} frames`);
  assert.deepEqual(got, frames.slice(-got.length));
  assert.equal(pending, 0);
  assert.throws(() => read([file]), /says that it is at/);
});

test("garbage throws nothing but ProtocolError, and nothing at a reader of files", () => {
  const page = fc.tuple(fc.boolean(), fc.uint8Array({ minLength: PAGE_SIZE, maxLength: PAGE_SIZE, size: "max" }));
  fc.assert(
    fc.property(fc.array(page, { maxLength: 3 }), fc.uint8Array({ maxLength: 40 }), (pages, flips) => {
      const bytes = Buffer.concat([
        header,
        ...pagesOf([frame(1, 200), frame(2, 5000)]),
        ...pages.map(([marked, each]) => (marked ? changed(each, 0, 0x666d) : each)),
      ]);
      for (const flip of flips) bytes[PAGE_SIZE + ((flip * 997) % (bytes.length - PAGE_SIZE))]! ^= flip;
      read([Uint8Array.from(bytes)], { resync: true });
      try {
        read([Uint8Array.from(bytes)]);
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
      }
    }),
    { numRuns: 200 },
  );
});
