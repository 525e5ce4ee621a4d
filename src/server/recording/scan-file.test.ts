import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { makeClip } from "../../../test/support/clip.ts";
import { RecordedDisk, seeded } from "../../../test/support/recorded-disk.ts";
import { createServer } from "../server.ts";
import type { RecordingFormat } from "./file-muxer.ts";
import { formatOfName, repairFile, scanFile } from "./scan-file.ts";

const names = { mp4: "mp4.mp4", flv: "flv.flv", mpegts: "mpegts.ts" } as const;
const files = new Map<RecordingFormat, Uint8Array>();
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-scan-"));
  const streams = Object.keys(names).map((format) => ({ match: format, format: format as RecordingFormat, template: "{stream}.{ext}" }));
  await using server = createServer({ auth: false, rtmp: { enabled: false }, http: { enabled: false }, recording: { folder, streams } });
  const clip = await makeClip();
  await Promise.all(streams.map(({ match }) => server.publish(match, createReadStream(clip), { format: "flv" })));
  await server.close();
  for (const { format } of streams) files.set(format, await readFile(join(folder, names[format])));
});

after(() => rm(folder, { recursive: true, force: true }));

function diskWith(format: RecordingFormat, bytes: Uint8Array): RecordedDisk {
  const disk = new RecordedDisk();
  disk.put(`/rec/${names[format]}`, bytes);
  return disk;
}

for (const format of ["mp4", "flv", "mpegts"] as const) {
  test(`${format}: a complete file says whose it is and how long`, async () => {
    const bytes = files.get(format)!;
    const scanned = await scanFile(diskWith(format, bytes), "/rec", names[format], format);
    assert.equal(scanned.size, bytes.length);
    assert.ok(scanned.isComplete);
    assert.ok(Math.abs(scanned.duration - 3050) < 100, String(scanned.duration));
    assert.deepEqual([scanned.facts?.stream, scanned.facts?.n], [format, 1]);
    assert.deepEqual(
      scanned.tracks.map(({ kind, codec, width }) => [kind, codec, width]),
      [
        ["video", "avc", 320],
        ["audio", "aac", undefined],
      ],
    );
    assert.equal(formatOfName(names[format]), format);
  });

  test(`${format}: cut anywhere, with garbage or zeros behind, what is whole is kept`, async () => {
    const bytes = files.get(format)!;
    const random = seeded(3);
    let longest = 0;
    for (let i = 0; i < 60; i++) {
      const length = Math.floor(random() * bytes.length);
      const tail = new Uint8Array(i % 3 === 0 ? 0 : 700);
      if (i % 3 === 1) tail.forEach((_, at) => (tail[at] = random() * 256));
      const disk = diskWith(format, Buffer.concat([bytes.subarray(0, length), tail]));
      const { size, duration, facts } = await repairFile(disk, "/rec", names[format], format);
      assert.ok(size <= length + (format === "mpegts" ? 800 : 0), `${size} of ${length}`);
      if (facts === undefined) continue;
      assert.equal(disk.contents(`/rec/${names[format]}`).length, size);
      assert.ok(length - size < 120_000, `${length - size} bytes were thrown away`);
      assert.ok(duration <= 3200);
      longest = Math.max(longest, duration);
    }
    assert.ok(longest > 2000);
  });
}

test("what is no file of ours says nothing", async () => {
  const disk = diskWith("mp4", new Uint8Array(1000));
  assert.deepEqual(await scanFile(disk, "/rec", names.mp4, "mp4"), {
    facts: undefined,
    size: 0,
    duration: 0,
    isComplete: false,
    tracks: [],
  });
  const clip = diskWith("flv", await readFile(await makeClip()));
  assert.equal((await scanFile(clip, "/rec", names.flv, "flv")).facts, undefined);
});
