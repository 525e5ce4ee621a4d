import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { StaticFiles } from "./static-files.ts";

let root: string;
let files: StaticFiles;

before(async () => {
  root = await mkdtemp(join(tmpdir(), "millrace-static-"));
  await mkdir(join(root, "web", "fonts"), { recursive: true });
  await mkdir(join(root, "assets"));
  await writeFile(join(root, "secret.txt"), "secret");
  await writeFile(join(root, "web", "player.js"), "built");
  await writeFile(join(root, "web", ".hidden.js"), "hidden");
  await writeFile(join(root, "assets", "player.js"), "other");
  await writeFile(join(root, "web", "fonts", "a-1.woff2"), "font");
  files = new StaticFiles([join(root, "web"), join(root, "assets")]);
});
after(() => rm(root, { recursive: true }));

test("files are found, the first folder first, with their type and a tag that follows their content", async () => {
  const file = await files.find("player.js");
  assert.deepEqual([file?.type, file?.length, (await file?.read())?.toString()], ["text/javascript; charset=utf-8", 5, "built"]);
  assert.equal((await files.find("fonts/a-1.woff2"))?.type, "font/woff2");
  await writeFile(join(root, "web", "player.js"), "built anew");
  assert.notEqual((await files.find("player.js"))?.etag, file?.etag);
});

test("a tag follows the content of a file that keeps its length and its date, as in a package from npm", { timeout: 5000 }, async () => {
  const path = join(root, "web", "packed.js");
  const date = new Date("1985-10-26T08:15:00Z");
  const put = async (content: string) => {
    await writeFile(path, content);
    await utimes(path, date, date);
    return (await files.find("packed.js"))?.etag;
  };
  const first = await put("first");
  // The file system's clock has its own steps.
  while ((await put("other")) === first);
});

test("nothing outside, hidden or of unknown type is found", async () => {
  const paths = [
    "../secret.txt",
    "..%2fsecret.txt",
    "fonts/../../secret.txt",
    "..\\secret.txt",
    "/player.js",
    "",
    ".",
    "fonts",
    ".hidden.js",
    "player.js/",
    "player.js\0.js",
    "fonts//a-1.woff2",
    "CON.exe",
  ];
  for (const path of paths) assert.equal(await files.find(path), undefined, JSON.stringify(path));
});
