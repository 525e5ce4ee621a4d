import assert from "node:assert/strict";
import { test } from "node:test";
import { compareSets, firstCells } from "../tools/check-docs.ts";

test("the check of the docs finds what is listed too much, too little and twice", () => {
  const page = [
    "# Errors",
    "| Code | Meaning |",
    "| --- | --- |",
    "| `busy` | … |",
    "| `gone` | … |",
    "| `busy` | … |",
    "Not `this` one.",
  ].join("\n");
  assert.deepEqual(firstCells(page), ["busy", "gone", "busy"]);
  assert.deepEqual(compareSets("errors.md", firstCells(page), ["busy", "full"], "code"), [
    "errors.md does not list the code `full`",
    "errors.md lists the code `gone`, which does not exist",
    "errors.md lists the code `busy` twice",
  ]);
});
