import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { arch, platform, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../tools/node-program.ts";
import { run } from "./support/program.ts";

/** A clone with nothing but the runtime's scripts and, if wanted, the package that npm installs for this machine. */
class Clone implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "millrace-runtime-"));
  readonly link = join(this.folder, "node_modules/.bin/node");

  constructor(withPackage: boolean) {
    cpSync(join(root, "tools/runtime"), join(this.folder, "tools/runtime"), { recursive: true });
    mkdirSync(join(this.folder, "node_modules"));
    if (!withPackage) return;
    mkdirSync(join(this.folder, `node_modules/node-linux-${arch()}/bin`), { recursive: true });
    writeFileSync(join(this.folder, `node_modules/node-linux-${arch()}/bin/node`), "");
  }

  async prepare(): Promise<void> {
    await run(process.execPath, [join(this.folder, "tools/runtime/link-node-24.js")]);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

if (platform() === "linux") {
  const target = `../node-linux-${arch()}/bin/node`;

  test("Node 24 is linked where npm has left no link, once", async () => {
    using clone = new Clone(true);
    for (let time = 0; time < 2; time++) {
      await clone.prepare();
      assert.equal(readlinkSync(clone.link), target);
    }
  });

  test("a link to a Node that is gone is made anew", async () => {
    using clone = new Clone(true);
    mkdirSync(join(clone.folder, "node_modules/.bin"));
    symlinkSync("../node-linux-gone/bin/node", clone.link);
    await clone.prepare();
    assert.equal(readlinkSync(clone.link), target);
  });
}

test("where npm has brought no Node, nothing is linked", async () => {
  using clone = new Clone(false);
  await clone.prepare();
  assert.deepEqual(readdirSync(join(clone.folder, "node_modules")), []);
});
