import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { makeClip } from "../../../test/support/clip.ts";
import { DemuxerRegistry } from "../containers/demuxer-registry.ts";
import { fileEntries } from "./file-entries.ts";
import { readDuration } from "./file-playback.ts";

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-files-"));
});
after(() => rm(folder, { recursive: true }));

/** Frames that a file brings, and what it was that ended it. */
async function read(bytes: Uint8Array): Promise<{ readonly frames: number; readonly error: unknown }> {
  const path = join(folder, "file");
  await writeFile(path, bytes);
  let frames = 0;
  try {
    for await (const entry of fileEntries(path, (sink) => new DemuxerRegistry().open(undefined, sink)))
      if (entry.kind === "frame") frames += 1;
  } catch (error) {
    return { frames, error };
  }
  return { frames, error: undefined };
}

test("whatever stands in a file, it is read or is a mistake of the file's", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (bytes) => {
      const { error } = await read(bytes);
      assert.ok(error === undefined || error instanceof ProtocolError, String(error));
    }),
    { numRuns: 100 },
  );
});

test("an MP4 file with its moov behind its media is read whole; damaged anywhere, it ends in bounds", async () => {
  const clip = await readFile(await makeClip({ seconds: 3, container: "mp4" }));
  const moov = clip.indexOf("moov");
  assert.ok(moov > clip.indexOf("mdat"));
  const whole = await read(clip);
  assert.equal(whole.error, undefined);
  assert.ok(whole.frames > 200, `${whole.frames} frames`);
  const places = fc.tuple(fc.nat(clip.length - 1), fc.integer({ min: moov - 4, max: clip.length - 1 }), fc.nat(255));
  await fc.assert(
    fc.asyncProperty(places, async ([cut, at, value]) => {
      const changed = Buffer.from(clip);
      changed[at] = value;
      for (const bytes of [changed, clip.subarray(0, cut)]) {
        const { error } = await read(bytes);
        assert.ok(error === undefined || error instanceof ProtocolError, String(error));
      }
    }),
    { numRuns: 40 },
  );
});

test("durations as ffserver took them", () => {
  for (const [text, expected] of [
    ["0", 0],
    ["90.5", 90_500],
    ["01:30", 90_000],
    ["1:00:02.25", 3_602_250],
  ] as const)
    assert.equal(readDuration(text), expected);
  for (const text of ["", "x", "-1", "1:2:3:4", "yesterday", "1e3"]) assert.equal(readDuration(text), undefined, text);
});
