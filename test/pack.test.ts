import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../tools/node-program.ts";
import { CloneManifest, publishedManifest } from "../tools/pack.ts";

const ours = readFileSync(join(root, "package.json"), "utf8");

test("the published package.json has nothing of the clone: no scripts, no workspace, no Node, no tools", () => {
  const clone = JSON.parse(ours) as Readonly<Record<string, unknown>>;
  const published = publishedManifest(clone);
  for (const key of ["private", "workspaces", "scripts", "devDependencies", "optionalDependencies", "allowScripts"])
    assert.equal(published[key], undefined, key);
  for (const key of ["name", "version", "license", "type", "bin", "exports", "types", "files", "sideEffects"])
    assert.deepEqual(published[key], clone[key], key);
  assert.deepEqual(published["engines"], { node: ">=24" });
  assert.deepEqual(published["dependencies"], { ...(clone["dependencies"] as object), "@types/node": ">=24" });
});

test("the clone's package.json comes back after packing, and by itself where npm gave up", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-pack-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "package.json");
  writeFileSync(file, ours);
  const manifest = new CloneManifest(folder);
  for (const back of [async () => manifest.restore(), async () => manifest.restoreWithin(0)]) {
    manifest.replace();
    assert.equal("scripts" in (JSON.parse(readFileSync(file, "utf8")) as object), false);
    await back();
    assert.equal(readFileSync(file, "utf8"), ours);
    assert.equal(manifest.isReplaced, false);
  }
});
