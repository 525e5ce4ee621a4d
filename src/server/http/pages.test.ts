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
    assert.equal(page, '<base href="../../"><script src="../../assets/watch.js"></script>');
    assert.equal(await readPage(files, "index", "/"), undefined);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("pages load and run what is ours alone, and only named sites may frame them", () => {
  const policy = (framedBy: readonly string[]) => pageHeaders({ framedBy, hosts: ["a.example:8080"] })["Content-Security-Policy"]!;
  assert.match(policy([]), /frame-ancestors 'self'$/);
  assert.match(policy(["*"]), /frame-ancestors \*$/);
  assert.match(policy(["https://b.example"]), /frame-ancestors 'self' https:\/\/b\.example$/);
  assert.match(
    policy([]),
    /^default-src 'self'; media-src 'self' blob:; connect-src 'self' ws:\/\/a\.example:8080 wss:\/\/a\.example:8080;/,
  );
  assert.doesNotMatch(policy(["*"]), /unsafe|script-src|style-src/);
});
