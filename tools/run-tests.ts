/** Node's test runner over groups of files, one group after another, with one report and one closing summary. */
import { relative } from "node:path";
import { Readable } from "node:stream";
import { run } from "node:test";
import type { TestEvent } from "node:test/reporters";
import { spec } from "node:test/reporters";

/** Files whose times are told at the end. */
const slowestTold = 25;

/** Files that may run at the same time, each in a process of its own. */
export interface TestGroup {
  readonly files: readonly string[];
  readonly concurrency: number;
}

interface TestLimits {
  /** For one test. */
  readonly testMs: number;
  /** For all: a file that ends its tests but not itself, having left a socket or a timer, meets only this one. */
  readonly totalMs: number;
  /** Only tests whose names match. */
  readonly namePattern?: string;
}

/** Runs the groups, the report on standard output. Resolves to whether all tests passed. */
export async function runTests(groups: readonly TestGroup[], limits: TestLimits): Promise<boolean> {
  const totals = new Map<string, number>();
  const seconds: { readonly file: string; readonly ms: number }[] = [];
  let summary: TestEvent | undefined;
  let passed = true;

  async function* events(): AsyncGenerator<TestEvent> {
    const signal = AbortSignal.timeout(limits.totalMs);
    for (const { files, concurrency } of groups) {
      const options = { files: [...files], concurrency, timeout: limits.testMs, signal };
      const stream = run(limits.namePattern === undefined ? options : { ...options, testNamePatterns: [limits.namePattern] });
      for await (const event of stream as AsyncIterable<TestEvent>) {
        if (event.type === "test:fail" && !isExpected(event.data)) passed = false;
        const total =
          event.type === "test:diagnostic" && event.data.file === undefined ? /^(\w+) ([\d.]+)$/.exec(event.data.message) : null;
        if (total !== null) totals.set(total[1]!, (totals.get(total[1]!) ?? 0) + Number(total[2]));
        else if (event.type === "test:summary" && event.data.file === undefined) summary = event;
        else yield event;
        if (event.type === "test:summary" && event.data.file !== undefined)
          seconds.push({ file: event.data.file, ms: event.data.duration_ms });
      }
    }
    if (summary !== undefined) yield summary;
    for (const [name, total] of totals) yield closing(`${name} ${total}`);
    const slowest = seconds.toSorted((a, b) => b.ms - a.ms).slice(0, slowestTold);
    if (seconds.length > 1)
      yield closing(`slowest files: ${slowest.map(({ file, ms }) => `${relative(".", file)} ${Math.round(ms / 1000)} s`).join(", ")}`);
    if ((totals.get("tests") ?? 0) === 0) passed = false;
  }

  for await (const text of Readable.from(events()).compose(spec())) process.stdout.write(text as string);
  return passed && totals.get("fail") === 0 && totals.get("cancelled") === 0;
}

function isExpected(data: { readonly skip?: unknown; readonly todo?: unknown }): boolean {
  return data.skip !== undefined || data.todo !== undefined;
}

function closing(message: string): TestEvent {
  return { type: "test:diagnostic", data: { nesting: 0, message, level: "info" } };
}
