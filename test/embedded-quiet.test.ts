/** Embedded, the server leaves its host alone: it writes no file, prints nothing, reads no environment, takes no signal. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { makeClip } from "./support/clip.ts";

test("a program that publishes, reads and serves, under watch", async () => {
  const program = fileURLToPath(new URL("support/quiet-program.ts", import.meta.url));
  const clip = await makeClip({ seconds: 1 });
  const args = ["--permission", "--allow-fs-read=*", program, clip];
  const [code, said] = await new Promise<[unknown, string]>((resolve) => {
    execFile(process.execPath, args, { timeout: 30_000 }, (error, stdout, stderr) =>
      resolve([error?.code ?? error?.signal ?? 0, stdout + stderr]),
    );
  });
  assert.equal(said, "");
  assert.equal(code, 0);
});
