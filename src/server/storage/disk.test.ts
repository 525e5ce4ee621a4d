import assert from "node:assert/strict";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { RecordedDisk, seeded } from "../../../test/support/recorded-disk.ts";
import type { Disk } from "./disk.ts";
import { nodeDisk } from "./disk.ts";

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "millrace-disk-"));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** What both disks do alike. */
async function contract(disk: Disk, root: string): Promise<void> {
  const path = join(root, "a/b/file");
  await assert.rejects(disk.open(path, "create"), { code: "ENOENT" });
  await disk.mkdir(join(root, "a/b"));
  await disk.mkdir(join(root, "a/b"));
  await assert.rejects(disk.open(path, "update"), { code: "ENOENT" });
  const file = await disk.open(path, "create");
  await assert.rejects(disk.open(path, "create"), { code: "EEXIST" });
  await assert.rejects(disk.open(join(root, "a"), "update"), { code: "EISDIR" });
  await file.write([bytes(1, 2), bytes(), bytes(3)], 4);
  await file.write([bytes(9)], 5);
  await file.sync();
  const into = new Uint8Array(8);
  assert.equal(await file.read(into, 2), 5);
  assert.deepEqual(into, bytes(0, 0, 1, 9, 3, 0, 0, 0));
  assert.equal(await file.read(into, 7), 0);
  await file.truncate(5);
  assert.equal((await file.stat()).size, 5);
  assert.equal((await file.stat()).identity, (await disk.stat(path)).identity);
  await disk.syncFolder(join(root, "a/b"));
  await disk.rename(path, join(root, "a/other"));
  await assert.rejects(disk.stat(path), { code: "ENOENT" });
  assert.deepEqual((await disk.readdir(join(root, "a"))).sort(), ["b", "other"]);
  assert.equal((await disk.stat(join(root, "a"))).kind, "folder");
  await file.close();
  const again = await disk.open(join(root, "a/other"), "read");
  assert.equal(await again.read(into, 4), 1);
  assert.equal(into[0], 1);
  await assert.rejects(again.write([bytes(1)], 0), { code: "EBADF" });
  await again.close();
  assert.ok((await disk.space(root)).free > 0);
  await disk.unlink(join(root, "a/other"));
  await assert.rejects(disk.unlink(join(root, "a/other")), { code: "ENOENT" });
}

test("this machine's disk and the one in memory do the same", async (t) => {
  await contract(nodeDisk, await folder(t));
  const disk = new RecordedDisk();
  await contract(disk, "/");
  assert.equal(disk.opened, 0);
});

test("a link is followed only where that is asked for", async (t) => {
  const root = await folder(t);
  await writeFile(join(root, "there"), "x");
  await symlink(join(root, "there"), join(root, "link"));
  assert.equal((await nodeDisk.stat(join(root, "link"))).kind, "link");
  await assert.rejects(nodeDisk.open(join(root, "link"), "update"), { code: "ELOOP" });
  await assert.rejects(nodeDisk.open(join(root, "link"), "create"), { code: "EEXIST" });
  await (await nodeDisk.open(join(root, "link"), "update", { follow: true })).close();
});

test("many pieces are written whole, in order", async (t) => {
  const file = await nodeDisk.open(join(await folder(t), "pieces"), "create");
  const pieces = Array.from({ length: 3000 }, (_, i) => bytes(i & 255, i >> 8));
  await file.write(pieces, 0);
  const into = new Uint8Array(6000);
  assert.equal(await file.read(into, 0), 6000);
  assert.deepEqual([into[5998], into[5999]], [2999 & 255, 2999 >> 8]);
  await file.close();
});

/** One synced and three unsynced writes, then a sync. */
async function written(): Promise<RecordedDisk> {
  const disk = new RecordedDisk();
  const file = await disk.open("/f", "create");
  await file.write([new Uint8Array(1024).fill(1)], 0);
  await file.sync();
  for (let i = 0; i < 3; i++) await file.write([new Uint8Array(1024).fill(2 + i)], 1024 * (1 + i));
  await file.sync();
  return disk;
}

test("a disk that is cut keeps what was synced, and of the rest what the loss leaves", async () => {
  const disk = await written();
  const [first, last] = disk.syncs;
  const whole = disk.contents("/f");
  assert.deepEqual(disk.cut(disk.log.length, "lost").contents("/f"), whole);
  assert.deepEqual(disk.cut(last!, "lost").contents("/f"), whole.slice(0, 1024));
  assert.equal(disk.cut(first!, "lost", () => 0.99).contents("/f").length, 0);
  await assert.rejects(disk.cut(first!, "lost", () => 0).stat("/f"), { code: "ENOENT" });
  const seen = { torn: new Set<string>(), reordered: new Set<string>() };
  for (let seed = 0; seed < 50; seed++) {
    for (const loss of ["torn", "reordered"] as const) {
      const left = disk.cut(last!, loss, seeded(seed)).contents("/f");
      assert.ok(left.subarray(0, 1024).every((byte) => byte === 1));
      const sectors = Array.from({ length: (left.length - 1024) / 512 }, (_, i) => left[1024 + i * 512]).join("");
      seen[loss].add(sectors);
    }
  }
  assert.ok(seen.torn.size > 20, "sectors of one write survive apart from one another");
  assert.ok(seen.reordered.has("000044"), "a later write survives an earlier one");
  assert.ok([...seen.reordered].every((sectors) => /^(00|22)?(00|33)?(00|44)?$/.test(sectors)));
});

test("what is cut can be cut again", async () => {
  const disk = await written();
  const again = disk.cut(disk.log.length, "lost");
  const file = await again.open("/f", "update");
  await file.write([bytes(7)], 0);
  const left = again.cut(again.log.length, "lost").contents("/f");
  assert.deepEqual([left.length, left[0]], [4096, 1]);
});

test("a disk fails as it is told to", async () => {
  const disk = await written();
  const file = await disk.open("/f", "update");
  disk.free = 10;
  await assert.rejects(file.write([new Uint8Array(20)], 4096), { code: "ENOSPC" });
  assert.equal((await file.stat()).size, 4106, "what fits was taken");
  await file.write([new Uint8Array(20)], 0);
  disk.failing = true;
  await assert.rejects(file.write([bytes(1)], 0), { code: "EIO" });
  await assert.rejects(file.sync(), { code: "EIO" });
  disk.failing = false;
  let waited = 0;
  disk.slow = { bytesPerSecond: 1000, stall: 2000, wait: async (ms) => void (waited += ms) };
  await file.write([new Uint8Array(500)], 0);
  await file.sync();
  assert.equal(waited, 2500);
  disk.slow = undefined;
  disk.removeFolder("/");
  await assert.rejects(disk.open("/f", "update"), { code: "ENOENT" });
  await file.write([bytes(1)], 0);
});
