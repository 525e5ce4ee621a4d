import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pageHeaders, readPage } from "./pages.ts";
import { StaticFiles } from "./static-files.ts";

test("a page's links lead back from where it is shown", async () => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-pages-"));
  try {
    await writeFile(join(folder, "watch.html"), '<base href="%BASE%"><script src="%BASE%assets/watch.js"></script>');
    const files = new StaticFiles([folder]);
    const page = await readPage(files, "watch", "/watch/live/cam");
    assert.equal(page?.html, '<base href="../../"><script src="../../assets/watch.js"></script>');
    assert.equal(await readPage(files, "index", "/"), undefined);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("only the embedded player may be framed by other sites, and no page runs what is not ours", () => {
  const policy = (frameable: boolean) => pageHeaders(frameable)["Content-Security-Policy"]!;
  assert.match(policy(true), /frame-ancestors \*/);
  assert.match(policy(false), /frame-ancestors 'self'/);
  assert.match(policy(false), /default-src 'self'; .*media-src 'self' blob:.*connect-src 'self' ws: wss:/);
  assert.doesNotMatch(policy(true), /script-src|unsafe-eval/);
});
