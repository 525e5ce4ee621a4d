import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { openKeys } from "./first-key.ts";
import { KeyFile } from "./key-file.ts";
import { newKey } from "./publish-key.ts";

let root: string;
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), "millrace-keys-"))));
afterEach(() => rm(root, { recursive: true, force: true }));

const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
const nobodyTold = () => assert.fail("a change was told");

test("the first start makes one key, for its owner only, and every further start has the same", async () => {
  const folder = join(root, "deep", "data");
  const { keys, origin } = await openKeys(undefined, folder, nobodyTold);
  const [first] = await keys.current();
  assert.match(first!.key, /^mr_/);
  assert.equal(first!.stream, undefined);
  const path = join(folder, "publish-keys.txt");
  assert.deepEqual(origin, { kind: "file", path, exposed: false });
  assert.deepEqual([await mode(path), await mode(folder)], ["600", "700"]);
  assert.deepEqual(await readdir(folder), ["publish-keys.txt"]);
  const again = await openKeys(undefined, folder, nobodyTold);
  assert.deepEqual(await again.keys.current(), [first]);
});

test("twenty processes that start at one time agree on one key", async () => {
  const all = await Promise.all(Array.from({ length: 20 }, () => openKeys(undefined, join(root, "data"), nobodyTold)));
  assert.equal(new Set(all.map(({ keys }) => keys.latest[0]!.key)).size, 1);
  assert.deepEqual(await readdir(join(root, "data")), ["publish-keys.txt"]);
});

test("where nothing can be written there is a key for this run, and nothing is left behind", async () => {
  const inTheWay = join(root, "file");
  await writeFile(inTheWay, "");
  const { keys, origin } = await openKeys(undefined, join(inTheWay, "data"), nobodyTold);
  assert.match((await keys.current())[0]!.key, /^mr_/);
  assert.equal(origin.kind, "run");
  const other = await openKeys(undefined, inTheWay, nobodyTold);
  assert.equal(other.origin.kind, "run");
  assert.equal(await readFile(inTheWay, "utf8"), "");
  // The one place of every Linux that nobody may write to, root included.
  if (process.platform === "linux") {
    const readOnly = await openKeys(undefined, "/proc/millrace", nobodyTold);
    assert.equal(readOnly.origin.kind === "run" && readOnly.origin.path, "/proc/millrace/publish-keys.txt");
  }
});

test("with the setting publishKey no file is made, and one that is there counts as well", async () => {
  const folder = join(root, "data");
  const { keys, origin } = await openKeys("my-own-key", folder, nobodyTold);
  assert.deepEqual([origin.kind, await keys.current()], ["setting", [{ key: "my-own-key", stream: undefined }]]);
  await assert.rejects(stat(folder), { code: "ENOENT" });
  const bound = { key: newKey(), stream: "live/cam" };
  await new KeyFile(folder).change(() => [bound]);
  const both = await openKeys("my-own-key", folder, nobodyTold);
  assert.deepEqual(await both.keys.current(), [{ key: "my-own-key", stream: undefined }, bound]);
});

test("a damaged file stops the start with its line, and stays as it is", async () => {
  const folder = join(root, "data");
  const path = join(folder, "publish-keys.txt");
  await mkdir(folder);
  for (const [text, told] of [
    [`${newKey()} *\nrubbish`, `${path}:2: `],
    ["", `${path}: no key is in it`],
    ["\xff\xfe", `${path}: not UTF-8 text`],
    ["#".repeat(300_000), `${path}: longer than 256 KiB`],
  ] as const) {
    await writeFile(path, text, "latin1");
    for (const setting of [undefined, "my-own-key"]) {
      await assert.rejects(openKeys(setting, folder, nobodyTold), (error: Error) => {
        assert.equal(error.name, "KeyFileError");
        assert.ok(error.message.startsWith(told), error.message);
        return true;
      });
    }
    assert.equal(await readFile(path, "latin1"), text);
  }
  await rm(path);
  await mkdir(path);
  await assert.rejects(openKeys(undefined, folder, nobodyTold), { name: "KeyFileError" });
});

test("a file that others can read is told of", async () => {
  const folder = join(root, "data");
  await openKeys(undefined, folder, nobodyTold);
  await chmod(join(folder, "publish-keys.txt"), 0o644);
  const { origin } = await openKeys(undefined, folder, nobodyTold);
  assert.equal(origin.kind === "file" && origin.exposed, process.platform !== "win32");
});

test("what another process changes counts at once; damage and loss are told once", async () => {
  const folder = join(root, "data");
  const told: string[] = [];
  const { keys } = await openKeys(undefined, folder, (change) => told.push(change));
  const [first] = await keys.current();
  const next = { key: newKey(), stream: undefined };
  const other = new KeyFile(folder);
  await other.change(() => [next]);
  assert.deepEqual(await Promise.all([keys.current(), keys.current()]), [[next], [next]]);
  assert.deepEqual(told, ["read"]);
  await writeFile(other.path, `${first!.key} live/cam?\n`);
  assert.deepEqual(await keys.current(), [next], "a damaged file leaves the keys as they were");
  await keys.current();
  assert.deepEqual(told, ["read", "unusable"]);
  await other.change(() => [first!]).catch(() => undefined);
  await rm(other.path);
  assert.deepEqual(await keys.current(), [], "a file that is gone takes its keys along");
  await other.change(() => [first!]);
  assert.deepEqual(await keys.current(), [first]);
  assert.deepEqual(told, ["read", "unusable", "gone", "read"]);
});

test("changes of several processes do not lose one another", async () => {
  const folder = join(root, "data");
  const file = new KeyFile(folder);
  await file.readOrMake();
  const names = Array.from({ length: 4 }, (_, index) => `live/${index}`);
  for (const stream of names) await new KeyFile(folder).change((keys) => [...keys, { key: newKey(), stream }]);
  assert.deepEqual(
    (await file.read())!.keys.map(({ stream }) => stream),
    [undefined, ...names],
  );
});
