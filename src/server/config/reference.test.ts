import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { parse } from "yaml";
import { configReference, configReferenceTable } from "./reference.ts";
import { checkConfig } from "./resolve.ts";

test("docs/config.md holds the reference table as it is in the schema", async () => {
  const page = await readFile(new URL("../../../docs/config.md", import.meta.url), "utf8");
  assert.ok(plain(page).includes(plain(configReferenceTable())), `docs/config.md should hold this table:\n${configReferenceTable()}`);
});

test("every default of the reference, written out, is the default", () => {
  type Group = { [name: string]: unknown };
  const written: Group = {};
  for (const { key, default: value } of configReference()) {
    if (value === undefined) continue;
    const path = key.split(".");
    const name = path.pop()!;
    const group = path.reduce((outer, inner) => (outer[inner] ??= {}) as Group, written);
    group[name] = parse(value);
  }
  assert.deepEqual(checkConfig(written as never), checkConfig());
});

/** A table without the padding that the formatter gives its cells. */
function plain(table: string): string {
  return table.replaceAll(/ +\|/g, " |").replaceAll(/-{3,}/g, "---");
}
