import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { describeProblem } from "../config/problem.ts";
import { confLines, ConfNotes, Words } from "./conf-line.ts";

function words(text: string): string[] {
  const taken = new Words(text);
  const list: string[] = [];
  for (let word = taken.next(); word !== ""; word = taken.next()) list.push(word);
  return list;
}

test("words stand between spaces or quotes, and there are no escapes", () => {
  assert.deepEqual(words("  File\t'/a b' \"c 'd'\" e\\ f\r"), ["File", "/a b", "c 'd'", "e\\", "f"]);
  assert.deepEqual(words("a'b c"), ["a'b", "c"]);
  assert.deepEqual(words("'open to the end"), ["open to the end"]);
  assert.deepEqual(words("Port 8090 # no comment"), ["Port", "8090", "#", "no", "comment"]);
});

test("any words are read back from quotes", () => {
  const word = fc.string({ minLength: 1, unit: fc.constantFrom(..."ab# \t/\\>'".split("")) });
  fc.assert(fc.property(fc.array(word), (list) => assert.deepEqual(words(list.map((each) => `"${each}"`).join(" ")), list)));
});

test("empty lines and comments are none, and lines keep their numbers", () => {
  const lines = [...confLines("# one\n\n  \t\r\n Port 1\r\n   # two\n<Feed a>", new ConfNotes("x"))];
  assert.deepEqual(
    lines.map(({ number, keyword }) => [number, keyword]),
    [
      [4, "Port"],
      [6, "<Feed"],
    ],
  );
});

test("endless and binary lines are mistakes", () => {
  const notes = new ConfNotes("f.conf");
  assert.equal([...confLines(`${"x".repeat(1024)}\na\0b\n${"y".repeat(1023)}`, notes)].length, 1);
  assert.deepEqual(notes.errors.map(describeProblem), [
    "f.conf:1: a line of 1024 characters, where ffserver read 1023",
    "f.conf:2: a zero byte: this is no text",
  ]);
});

test("of many mistakes some are told", () => {
  const notes = new ConfNotes("f.conf");
  for (let line = 1; line < 1000; line++) notes.at(line).error("no");
  assert.equal(notes.errors.length, 51);
  assert.match(describeProblem(notes.errors.at(-1)!), /and more/);
});
