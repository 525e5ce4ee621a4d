/**
 * `npm test [-- FILES OR FOLDERS]`: installs or names the programs the tests need, builds the web assets, runs the tests.
 * `npm run test:slow` runs test/slow, which `npm test` leaves out. Other arguments starting with `--` go to Node's runner.
 */
import { globSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import { buildWeb } from "./build-web.ts";
import { root, runNode } from "./node-program.ts";
import { ensurePrograms, programs } from "./programs.ts";

const args = process.argv.slice(2);
const slow = args.includes("--slow");
const flags = args.filter((arg) => arg.startsWith("--") && arg !== "--slow");
const paths = args.filter((arg) => !arg.startsWith("--"));

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
    console.error(`No tests in ${paths.join(", ") || "test/slow"}.`);
    return 1;
  }
  const started = performance.now();
  // The runner's limit is for one test: a file that ends its tests but not itself, having left a socket or timer, is ended by ours.
  const folder = mkdtempSync(join(tmpdir(), "millrace-test-"));
  const code = await runNode(
    [
      "--test",
      `--test-concurrency=${slow ? 1 : Math.max(2, availableParallelism())}`,
      `--test-timeout=${slow ? 1_200_000 : 120_000}`,
      "--test-reporter=spec",
      "--test-reporter-destination=stdout",
      ...flags,
      ...files,
    ],
    { env: { MILLRACE_TEST_FOLDER: folder }, timeoutMs: (slow ? 60 : 15) * 60_000 },
  );
  rmSync(folder, { recursive: true, force: true });
  console.log(`${files.length} test files in ${((performance.now() - started) / 1000).toFixed(1)} s: ${code === 0 ? "passed" : "FAILED"}`);
  return code;
}

/** The test files of this run, relative to the clone, the ones that run real programs last. */
function testFiles(): string[] {
  const isSlow = (file: string): boolean => file.startsWith(join("test", "slow") + sep);
  const all = globSync(["src/**/*.test.ts", "web/**/*.test.ts", "test/**/*.test.ts"], { cwd: root }).sort();
  const wanted = paths.map((path) => relative(root, join(root, path)));
  const unknown = wanted.filter((path) => !statSync(join(root, path), { throwIfNoEntry: false }));
  if (unknown.length > 0) throw new Error(`no such file or folder: ${unknown.join(", ")}`);
  const named = all.filter((file) => wanted.some((path) => file === path || file.startsWith(path + sep)));
  if (slow) return (wanted.length > 0 ? named : all).filter(isSlow);
  return wanted.length > 0 ? named : all.filter((file) => !isSlow(file));
}
