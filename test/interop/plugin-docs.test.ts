/** The container of docs/plugins.md, as it stands there: a file beside the settings, without a Millrace of its own. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeClip } from "../support/clip.ts";
import { packetsOf } from "../support/packets.ts";
import { run, start } from "../support/program.ts";
import { startServerWith } from "../support/server-program.ts";

test("FFmpeg plays the AAC that it published, frame for frame", async (t) => {
  const page = await readFile(new URL("../../docs/plugins.md", import.meta.url), "utf8");
  const [, source = ""] = /^```ts\n(import type [^]*?export default [^]*?)^```/m.exec(page) ?? [];
  const folder = await mkdtemp(join(tmpdir(), "millrace-plugin-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "adts.ts"), source);
  await writeFile(join(folder, "millrace.yaml"), "plugins: [./adts.ts]\n");
  await using server = await startServerWith({ cwd: tmpdir() }, "--no-auth", "--config", join(folder, "millrace.yaml"));

  const clip = await makeClip({ seconds: 2 });
  const file = join(folder, "got.aac");
  const playing = start("curl", ["-sS", "-o", file, `http://127.0.0.1:${server.http}/live/cam.aac`], { signal: t.signal });
  await run("ffmpeg", [
    "-v",
    "error",
    "-nostdin",
    "-re",
    "-i",
    clip,
    "-c",
    "copy",
    "-f",
    "flv",
    `rtmp://127.0.0.1:${server.rtmp}/live/cam`,
  ]);
  await playing.succeeded();

  const bare = join(folder, "got.mp4");
  await run("ffmpeg", ["-v", "error", "-nostdin", "-i", file, "-c", "copy", "-bsf:a", "aac_adtstoasc", bare]);
  const got = (await packetsOf(bare)).map(({ md5 }) => md5);
  const sent = (await packetsOf(clip)).filter(({ kind }) => kind === "audio").map(({ md5 }) => md5);
  assert.ok(got.length > sent.length * 0.9, `${got.length} of ${sent.length} frames`);
  const from = sent.indexOf(got[0]!);
  assert.deepEqual(got, sent.slice(from, from + got.length));
});
