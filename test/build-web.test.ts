import assert from "node:assert/strict";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { buildWeb } from "../tools/build-web.ts";

test("the web assets: the player within its size, every page with all that it names, nothing stale", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-web-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "stale.js"), "");
  const assets = await buildWeb(folder);
  assert.deepEqual(
    globSync("**/*.*", { cwd: folder })
      .map((path) => path.replaceAll("\\", "/"))
      .sort(),
    assets.map(({ path }) => path).sort(),
  );
  const player = assets.find(({ path }) => path === "player.js");
  assert.ok(player, "player.js");
  assert.ok(player.gzippedBytes <= 40_000, `player.js has ${player.gzippedBytes} bytes gzipped`);
  for (const page of globSync("*.html", { cwd: folder })) {
    const html = readFileSync(join(folder, page), "utf8");
    for (const [, name = ""] of html.matchAll(/\b(?:src|href)="(?:[^":]*\/)?([\w.-]+\.(?:js|css|svg|png|ico))"/g)) {
      assert.ok(existsSync(join(folder, name)), `${page} names ${name}`);
    }
  }
});
