/** Feeds whose past is a file that is there: one of ffserver's, whole and wrapped, or a ring file of ours. FFmpeg 3.1.3 writes, today's plays. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { FeedBench, feedPath } from "./support/feed-bench.ts";
import { makeClip } from "./support/clip.ts";
import { FfserverPlace } from "./support/ffserver-place.ts";
import { runOldFfmpeg, testWithOldFfmpeg } from "./support/old-ffmpeg.ts";
import { type Packet, packetsOf } from "./support/packets.ts";
import { RecordedDisk } from "./support/recorded-disk.ts";

const PAGE = 4096;
const begun = Date.parse("2016-05-04T10:00:00Z");
const at = (seconds: number): string => `date=${new Date(begun + seconds * 1000).toISOString()}&pace=fast`;
let folder = "";

before(async () => (folder = await mkdtemp(join(tmpdir(), "millrace-read-only-"))));
after(() => rm(folder, { recursive: true }));

/** A file as ffserver had it of ten seconds, a key frame each second, whose times count from 1970. */
async function ffmFile(): Promise<string> {
  const path = join(folder, "whole.ffm");
  const clip = await makeClip({ seconds: 10 });
  const date = new Date(begun).toISOString().slice(0, 19);
  await runOldFfmpeg(["-i", clip, "-c", "copy", "-flags", "+global_header", "-metadata", `creation_time=${date}`, "-f", "ffm", path]);
  return path;
}

/** The same as a ring that was written round: its newest pages stand where the oldest stood. */
function wrapped(whole: Buffer, round: number): Buffer {
  const [header, pages] = [Buffer.from(whole.subarray(0, PAGE)), whole.subarray(PAGE)];
  const count = Math.floor(pages.length / PAGE);
  header.writeBigUInt64BE(BigInt(PAGE * (1 + round)), 8);
  const [oldest, newest] = [pages.subarray(round * PAGE, (count - round) * PAGE), pages.subarray((count - round) * PAGE, count * PAGE)];
  return Buffer.concat([header, newest, oldest]);
}

function conf(file: string): string {
  return `<Feed kept.ffm>\nReadOnlyFile ${file}\n</Feed>\n<Stream kept.flv>\nFeed kept.ffm\nPreroll 5\n</Stream>\n<Stream kept.mkv>\nFeed kept.ffm\n</Stream>\n<Stream kept.ts>\nFeed kept.ffm\nFormat mpegts\n</Stream>\n`;
}

const digests = (packets: readonly Packet[]): string[] => packets.map(({ md5 }) => md5);

testWithOldFfmpeg("a file of ffserver's plays at any of its times, with nobody publishing, and is not touched", async () => {
  const file = await ffmFile();
  const { mtimeMs } = await stat(file);
  const untouched = await readFile(file);
  await using place = await FfserverPlace.open(conf(file), { "viewers.waitForPublisher": "1s" });
  const clip = await packetsOf(await makeClip({ seconds: 10 }));
  const played = await packetsOf(place.url(`kept.mkv?${at(0)}`));
  for (const kind of ["video", "audio"] as const)
    assert.deepEqual(digests(played.filter((each) => each.kind === kind)), digests(clip.filter((each) => each.kind === kind)));
  for (const path of ["kept.flv", "kept.ts"]) {
    const later = (await packetsOf(place.url(`${path}?${at(7.5)}`))).filter(({ kind }) => kind === "video");
    const wanted = clip.filter(({ kind }) => kind === "video").slice(-later.length);
    assert.ok(later.length >= 60 && later.length <= 90, `${path}: ${later.length} pictures`);
    assert.equal(wanted[0]!.isKey, true);
  }
  const last = await packetsOf(place.url("kept.flv?buffer=2&pace=fast"));
  assert.ok(last.length > 30 && last.length < clip.length / 2, `${last.length} packets`);
  for (const query of ["", "?date=2020-01-01T00:00:00Z"]) {
    const answer = await fetch(place.url(`kept.flv${query}`));
    assert.equal(answer.status, 404);
    assert.match(
      await answer.text(),
      /ask for a time from 2016-05-04T(09:59:59|10:00:00)\.\d+Z to 2016-05-04T10:00:(09|10)\.\d+Z with \?date=/,
    );
  }
  const posted = await fetch(place.url("kept.ffm"), { method: "POST", body: untouched });
  assert.deepEqual([posted.status, await posted.text()], [404, "kept.ffm: could not open feed: its file is for reading only.\n"]);
  assert.deepEqual([(await stat(file)).mtimeMs, await readFile(file)], [mtimeMs, untouched]);
  assert.deepEqual(await readdir(folder), ["whole.ffm"]);
});

testWithOldFfmpeg("one that was written round and round begins where its oldest page stands", async () => {
  const whole = await readFile(await ffmFile());
  const round = Math.floor((whole.length / PAGE - 1) * 0.35);
  const file = join(folder, "wrapped.ffm");
  await writeFile(file, wrapped(whole, round));
  await using place = await FfserverPlace.open(conf(file));
  const clip = (await packetsOf(await makeClip({ seconds: 10 }))).filter(({ kind }) => kind === "video");
  const played = (await packetsOf(place.url(`kept.mkv?${at(0)}`))).filter(({ kind }) => kind === "video");
  assert.ok(played.length > clip.length * 0.4 && played.length < clip.length * 0.75, `${played.length} of ${clip.length} pictures`);
  assert.deepEqual(digests(played), digests(clip.slice(-played.length)), "in order to its end");
  await rm(file);
});

test("a ring file of ours is played from without being written or locked", async () => {
  const disk = new RecordedDisk();
  const bench = await new FeedBench(disk).open();
  bench.begin();
  await bench.feed(3000);
  await bench.close();
  const bytes = disk.contents(feedPath);
  const file = join(folder, "ours.ring");
  await writeFile(file, bytes, { mode: 0o440 });
  await using place = await FfserverPlace.open(conf(file));
  const answer = await fetch(place.url("kept.flv"));
  assert.match(await answer.text(), /ask for a time from \S+Z to \S+Z/);
  const media = await fetch(place.url("kept.flv?date=1970-01-01T00:00:00Z&pace=fast"));
  assert.equal(media.status, 200, media.status === 200 ? "" : await media.text());
  assert.ok((await media.arrayBuffer()).byteLength > 300_000);
  assert.deepEqual(await readFile(file), Buffer.from(bytes));
  assert.equal((await readdir(folder)).includes("ours.ring.lock"), false);
});

for (const [what, bytes, words] of [
  ["nothing", Buffer.alloc(0), /is empty/],
  ["another magic", Buffer.from("FFM3".padEnd(9000, "x")), /was not made by Millrace/],
  ["pages of no bytes", Buffer.concat([Buffer.from("FFM2"), Buffer.alloc(8188)]), /pages of 0 bytes/],
  ["half a header", Buffer.concat([Buffer.from("FFM2"), Buffer.from([0, 0, 16, 0]), Buffer.alloc(2000)]), /within the header/],
] as const) {
  test(`a start with a file of ${what} fails, and says why`, async () => {
    const file = join(folder, "bad.ffm");
    await writeFile(file, bytes);
    await assert.rejects(FfserverPlace.open(conf(file)), (error: Error) => error.message.includes(file) && words.test(error.message));
  });
}

test("a start without the file fails, and makes none", async () => {
  const file = join(folder, "gone.ffm");
  await assert.rejects(FfserverPlace.open(conf(file)), /gone\.ffm is not there, and is for reading only/);
  await assert.rejects(stat(file), /ENOENT/);
});
