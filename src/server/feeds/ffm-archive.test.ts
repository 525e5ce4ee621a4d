import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RecordedDisk } from "../../../test/support/recorded-disk.ts";
import { writeHeader } from "../../containers/ffm/header.ts";
import { PAGE_SIZE } from "../../containers/ffm/page.ts";
import { PageWriter } from "../../containers/ffm/page-writer.ts";
import type { FfmStream } from "../../containers/ffm/stream-info.ts";
import type { NumberedEntry } from "../../hub/archive.ts";
import { createLog, silentLog } from "../log.ts";
import { FeedFileError } from "./feed-file-error.ts";
import { ReadOnlyKeeper } from "./read-only-keeper.ts";

const path = "/feeds/old.ffm";
const shared = { bitRate: 0, extradata: new Uint8Array(0), options: new Map<string, string>(), privateOptions: new Map<string, string>() };
const streams: readonly FfmStream[] = [
  { codecId: 13, kind: "video", ...shared, options: new Map([["video_size", "320x180"]]) },
  {
    codecId: 0x1_0006,
    kind: "audio",
    ...shared,
    options: new Map([
      ["ar", "8000"],
      ["ac", "1"],
    ]),
  },
];
const begun = Date.UTC(2016, 4, 4, 10) * 1000;

/** Pictures 40 ms apart, every fifth a key frame, with a piece of sound behind each. @param leaps by picture, microseconds */
function ffm({
  pictures = 60,
  from = begun,
  leaps = {},
  size = 900,
}: {
  pictures?: number;
  from?: number;
  leaps?: Record<number, number>;
  size?: number;
}): Buffer {
  const writer = new PageWriter();
  let dts = from;
  for (let number = 0; number < pictures; number++) {
    dts += leaps[number] ?? (number === 0 ? 0 : 40_000);
    const add = (stream: number, length: number, isKey: boolean, at: number): void =>
      writer.add({ stream, isKey, dts: at, pts: at, duration: 0, size: length, data: new Uint8Array(length).fill(number) });
    add(0, size + 37 * (number % 7), number % 5 === 0, dts);
    add(1, 120, true, dts + 5000);
  }
  return Buffer.concat([writeHeader(streams), ...writer.flush()]);
}

async function opened(bytes: Uint8Array): Promise<ReadOnlyKeeper> {
  const disk = new RecordedDisk();
  disk.put(path, bytes);
  const keeper = new ReadOnlyKeeper({ name: "old.ffm", path, disk, log: silentLog() });
  await keeper.open();
  return keeper;
}

/** All entries from where the archive begins for a time. */
async function entriesFrom({ archive }: ReadOnlyKeeper, time: { utc: number } | { micros: number }): Promise<NumberedEntry[]> {
  const reader = archive.open(archive.find(time)!);
  const all: NumberedEntry[] = [];
  for (let entries = await reader.read(); entries !== undefined; entries = await reader.read()) {
    for (const entry of entries) if ("entry" in entry) all.push(entry);
  }
  reader.close();
  return all;
}

/** The number of the picture that comes first. */
function firstPicture(entries: readonly NumberedEntry[]): number | undefined {
  for (const { entry } of entries) if (entry.kind === "frame") return entry.frame.data[0];
  return undefined;
}

const frames = (entries: readonly NumberedEntry[]): string[] =>
  entries.flatMap(({ sequence, entry }) =>
    entry.kind === "frame" ? [`${sequence} ${entry.micros} ${entry.frame.track} ${entry.frame.data[0]}`] : [],
  );

test("a time is found to the key frame before it, and what follows has the same numbers and times from everywhere", async () => {
  const keeper = await opened(ffm({}));
  const all = frames(await entriesFrom(keeper, { utc: 0 }));
  assert.equal(all.length, 120);
  for (let picture = 0; picture < 60; picture++) {
    const entries = await entriesFrom(keeper, { utc: begun / 1000 + picture * 40 + 1 });
    assert.equal(firstPicture(entries), picture - (picture % 5));
    assert.deepEqual(frames(entries), all.slice(-frames(entries).length));
    assert.deepEqual(
      entries.slice(0, 2).map(({ entry }) => entry.kind),
      ["discontinuity", "generation"],
    );
  }
  assert.equal(keeper.origin!.utc, begun / 1000 + 59 * 40 + 5);
});

test("an hour without an encoder is a hole, and times that go back or leap by years go on where the timeline is", async () => {
  const hour = 3_600_000_000;
  const keeper = await opened(ffm({ leaps: { 20: hour, 40: -2 * hour } }));
  assert.equal(firstPicture(await entriesFrom(keeper, { utc: (begun + hour) / 1000 + 1200 })), 30);
  const all = await entriesFrom(keeper, { micros: 0 });
  const micros = all.flatMap(({ entry }) => (entry.kind === "frame" && entry.frame.track === 1 ? [entry.micros] : []));
  assert.deepEqual([micros.length, micros[20]! - micros[19]!], [60, hour]);
  assert.ok(micros[40]! - micros[39]! <= 50_000);
  const reasons = all.flatMap(({ entry }) => (entry.kind === "discontinuity" ? [entry.discontinuity.reason] : []));
  assert.deepEqual(reasons, ["start", "reconnect", "jump"]);
  const back = all.findLast(({ entry }) => entry.kind === "discontinuity")!.entry;
  assert.ok(back.kind === "discontinuity");
  assert.equal(Math.round(back.discontinuity.utcOffset + micros[40]! / 1000), Math.round((begun - hour) / 1000 + 38 * 40));
  const leap = await opened(ffm({ leaps: { 30: 1000 * 86_400_000_000 } }));
  assert.ok(leap.origin!.micros < 3_000_000);
});

test("times that do not count from 1970 end when the file was written last", async () => {
  const disk = new RecordedDisk();
  disk.put(path, ffm({ from: 7_000_000 }));
  const keeper = new ReadOnlyKeeper({ name: "old.ffm", path, disk, log: silentLog() });
  await keeper.open();
  assert.equal(Math.round(keeper.origin!.utc), Math.round((await disk.stat(path)).modified));
  assert.equal(Math.round(keeper.origin!.utc - keeper.archive.oldest!.utc), 59 * 40 + 5);
});

test("a file that is cut off anywhere is played up to there, or refused by name", async () => {
  const whole = ffm({});
  const all = frames(await entriesFrom(await opened(whole), { utc: 0 }));
  for (let length = 0; length < whole.length; length += 1500) {
    const keeper = await opened(whole.subarray(0, length)).catch((error: unknown) => error);
    if (keeper instanceof FeedFileError) {
      assert.ok(length < 2 * PAGE_SIZE, `${length} bytes: ${keeper.message}`);
      continue;
    }
    assert.ok(keeper instanceof ReadOnlyKeeper);
    const got = frames(await entriesFrom(keeper, { utc: 0 }));
    assert.deepEqual(got, all.slice(0, got.length));
  }
});

test("a file whose write index lies is played in the order in which it stands, with a warning", async () => {
  for (const index of [1n, 5000n, 1n << 40n]) {
    const file = ffm({});
    file.writeBigUInt64BE(index, 8);
    const disk = new RecordedDisk();
    disk.put(path, file);
    const lines: string[] = [];
    const log = createLog({ level: "warn", format: "json", colour: false, write: (line) => void lines.push(line) });
    const keeper = new ReadOnlyKeeper({ name: "old.ffm", path, disk, log });
    await keeper.open();
    assert.equal(frames(await entriesFrom(keeper, { utc: 0 })).length, 120);
    assert.match(lines.join(""), /^[^\n]*a write index of \d+ in a file of \d+ bytes[^\n]*damaged[^\n]*\n$/);
    await keeper.close();
    assert.equal(disk.opened, 0);
  }
});

test("FFM1, with its header in fixed fields, is played as FFM2 is", async () => {
  const header = Buffer.alloc(PAGE_SIZE);
  // Magic, page size, write index, one stream, its bit rate; then number, kind, bit rate, flags; sample rate, channels, frame size.
  const comm = "00010006 01 0000fa00 00000000 00000000 00000000";
  header.write(`46464d31 00001000 0000000000000000 00000001 00000000 ${comm} 00001f40 0001 0000`.replaceAll(" ", ""), "hex");
  const writer = new PageWriter();
  for (let at = begun; at < begun + 2_000_000; at += 20_000)
    writer.add({ stream: 0, isKey: true, dts: at, pts: at, duration: 20_000, size: 160, data: new Uint8Array(160) });
  const keeper = await opened(Buffer.concat([header, ...writer.flush()]));
  assert.equal(keeper.archive.oldest!.utc, begun / 1000);
  assert.equal(frames(await entriesFrom(keeper, { utc: begun / 1000 + 1000 })).length, 50);
});

/** What damages a file: bytes somewhere, or its length. */
const damage = fc.record({
  bytes: fc.array(fc.tuple(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 24 })), { maxLength: 12 }),
  header: fc.array(fc.tuple(fc.nat(400), fc.uint8Array({ minLength: 1, maxLength: 8 })), { maxLength: 2 }),
  length: fc.option(fc.nat()),
});

test("whatever is in a file, it is refused by name, or played in order to an end", async () => {
  const whole = ffm({ pictures: 40, leaps: { 20: 60_000_000 } });
  let played = 0;
  await fc.assert(
    fc.asyncProperty(damage, async ({ bytes, header, length }) => {
      const file = Buffer.from(length === null ? whole : whole.subarray(0, length % whole.length));
      for (const [at, put] of header) if (at < file.length) file.set(put.subarray(0, file.length - at), at);
      for (const [place, put] of bytes) {
        const at = file.length <= PAGE_SIZE ? 0 : PAGE_SIZE + (place % (file.length - PAGE_SIZE));
        file.set(put.subarray(0, file.length - at), at);
      }
      const keeper = await opened(file).catch((error: unknown) => error);
      if (!(keeper instanceof ReadOnlyKeeper)) return assert.ok(keeper instanceof FeedFileError, String(keeper));
      played += 1;
      const { archive, origin } = keeper;
      assert.ok(Number.isFinite(archive.oldest!.utc) && Number.isFinite(origin!.utc));
      const entries = await entriesFrom(keeper, { micros: 0 });
      assert.ok(entries.length > 2);
      const last = new Map<number, number>();
      for (const { entry } of entries) {
        if (entry.kind !== "frame") continue;
        assert.ok(entry.micros > (last.get(entry.frame.track) ?? -Infinity));
        last.set(entry.frame.track, entry.micros);
      }
      const sequences = entries.slice(2).map(({ sequence }) => sequence);
      assert.ok(sequences.every((sequence, index) => index === 0 || sequence === sequences[index - 1]! + 1));
    }),
    { numRuns: 200 },
  );
  assert.ok(played > 50, `${played} of 200 played`);
});
