/**
 * `npm test [-- FILES OR FOLDERS]`: installs or names the programs the tests need, builds the web assets, runs the tests.
 * `npm run test:slow` runs test/slow, which `npm test` leaves out. `--test-name-pattern=TEXT` runs only what it matches.
 */
import { globSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import { parseArgs } from "node:util";
import { buildWeb } from "./build-web.ts";
import { root } from "./node-program.ts";
import { ensurePrograms, programs } from "./programs.ts";
import { runTests } from "./run-tests.ts";

const { values, positionals } = parseArgs({
  options: { slow: { type: "boolean", default: false }, "test-name-pattern": { type: "string" } },
  allowPositionals: true,
});
const { slow, "test-name-pattern": namePattern } = values;

process.exitCode = await main();

async function main(): Promise<number> {
  const trouble = ensurePrograms(programs.filter((program) => slow || program.slow !== true));
  if (trouble !== undefined) {
    console.error(trouble);
    return 1;
  }
  await buildWeb();
  const files = testFiles();
  if (files.length === 0) {
    console.error(`No tests in ${positionals.join(", ") || "test/slow"}.`);
    return 1;
  }
  const started = performance.now();
  const folder = mkdtempSync(join(tmpdir(), "millrace-test-"));
  process.env["TEST_CLIP_FOLDER"] = folder;
  // Hundreds of processes load the same sources: what Node made of them is kept for the next. What is measured starts as people start it.
  if (!slow) process.env["NODE_COMPILE_CACHE"] = join(folder, "compiled");
  process.chdir(root);
  // Most tests wait most of the time, for media in real time or a program that starts. A browser that plays in real time is told of
  // hitches that other tests made: those files run after the others, which keep the machine busy.
  const concurrency = 2 * Math.max(2, availableParallelism());
  const passed = await runTests(
    [
      { files: files.filter((file) => !isSlow(file) && !isInBrowser(file)), concurrency },
      { files: files.filter(isInBrowser), concurrency: Math.max(2, availableParallelism()) },
      { files: files.filter(isSlow), concurrency: 1 },
    ].filter((group) => group.files.length > 0),
    {
      testMs: (slow ? 20 : 2) * 60_000,
      totalMs: (slow ? 60 : 15) * 60_000,
      ...(namePattern !== undefined && { namePattern }),
    },
  );
  rmSync(folder, { recursive: true, force: true });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${files.length} test files in ${seconds} s: ${passed ? "passed" : "FAILED"}`);
  return passed ? 0 : 1;
}

/** The test files of this run, relative to the clone. */
function testFiles(): string[] {
  const all = globSync(["src/**/*.test.ts", "web/**/*.test.ts", "test/**/*.test.ts"], { cwd: root }).sort();
  const wanted = positionals.map((path) => relative(root, join(root, path)));
  const unknown = wanted.filter((path) => !statSync(join(root, path), { throwIfNoEntry: false }));
  if (unknown.length > 0) throw new Error(`no such file or folder: ${unknown.join(", ")}`);
  const named = all.filter((file) => wanted.some((path) => path === "" || file === path || file.startsWith(path + sep)));
  if (slow) return (wanted.length > 0 ? named : all).filter(isSlow);
  return wanted.length > 0 ? named : all.filter((file) => !isSlow(file));
}

function isSlow(file: string): boolean {
  return file.startsWith(join("test", "slow") + sep);
}

function isInBrowser(file: string): boolean {
  return file.startsWith(join("test", "browser") + sep);
}
