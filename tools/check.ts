/** `npm run check`: every gate that needs no running server. All of them run, so that one look shows all that is wrong. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { checkApiReport } from "./api-report.ts";
import { checkDocs } from "./check-docs.ts";
import { npmScript, root, runNode } from "./node-program.ts";

interface Step {
  readonly name: string;
  /** Resolves to the exit code, after it has printed what is wrong. */
  run(): Promise<number>;
}

const typescript = npmScript("typescript", "bin/tsc");

const steps: readonly Step[] = [
  { name: "types", run: async () => runNode([typescript, "-p", "tsconfig.json"]) },
  { name: "types of web", run: async () => (existsSync(join(root, "web")) ? runNode([typescript, "-p", "web/tsconfig.json"]) : 0) },
  { name: "lint", run: async () => runNode([npmScript("oxlint", "bin/oxlint"), "--type-aware", "--deny-warnings", "."]) },
  { name: "format", run: async () => runNode([npmScript("oxfmt", "bin/oxfmt"), "--check", "."]) },
  { name: "dead code", run: async () => runNode([npmScript("knip", "bin/knip.js")]) },
  { name: "layers", run: async () => runNode(["--test", "--test-reporter=spec", "test/architecture.test.ts"]) },
  { name: "docs", run: checkDocs },
  { name: "public API", run: checkApiReport },
];

const results: string[] = [];
for (const step of steps) {
  console.log(`\n== ${step.name}`);
  const started = performance.now();
  const code = await step.run();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  results.push(`${code === 0 ? "ok    " : "FAILED"}  ${step.name} (${seconds} s)`);
  if (code !== 0) process.exitCode = 1;
}
console.log(`\n${results.join("\n")}\n\ncheck ${process.exitCode === 1 ? "FAILED" : "passed"}`);
