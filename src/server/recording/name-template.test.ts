import assert from "node:assert/strict";
import { join, resolve, sep } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { fileName, numberedName, templateMistake, templatePattern } from "./name-template.ts";

const at = Date.UTC(2026, 10, 21, 16, 51, 56, 789);
const facts = { stream: "live/cam", at, n: 3, extension: "mp4" };
const all = "{app}/{name}/{date}-{time}-{n}.{ext}";

test("placeholders are filled", () => {
  assert.equal(fileName(all, facts), "live/cam/2026-11-21-16-51-56-3.mp4");
  assert.equal(fileName("{stream}-{n}.{ext}", { ...facts, stream: "a/b/c" }), "a/b/c-3.mp4");
  assert.equal(fileName("{app}/{name}.{ext}", { ...facts, stream: "alone" }), "alone/alone.mp4");
});

test("hostile names become plain ones", () => {
  const name = (stream: string): string => fileName("{stream}.{ext}", { ...facts, stream });
  assert.equal(name(".."), "__.mp4");
  assert.equal(name("../../etc/passwd"), "__/__/etc/passwd.mp4");
  assert.equal(name("/etc/passwd"), "etc/passwd.mp4");
  assert.equal(name("a\0b\nc"), "a_b_c.mp4");
  assert.equal(name("C:\\x"), "C__x.mp4");
  assert.equal(name("con/nul.txt/LPT1"), "_con/_nul.txt/_LPT1.mp4");
  assert.equal(name("com¹"), "_com¹.mp4");
  assert.equal(name(".hidden/x. "), "_hidden/x__.mp4");
  assert.equal(name("e\u0301/\u202egpj.exe"), "é/_gpj.exe.mp4");
  assert.equal(name("ünïcode/日本/🎥"), "ünïcode/日本/🎥.mp4");
  assert.equal(name("\ud800"), "\ufffd.mp4");
  const long = name("ä".repeat(200));
  assert.ok(Buffer.byteLength(long) <= 204 && long.endsWith(".mp4") && !long.includes("\ufffd"), long);
  assert.notEqual(long, name(`${"ä".repeat(200)}x`));
});

test("whatever a stream is called, its files stay below the folder and can be made", () => {
  const folder = resolve("/rec");
  const hostile = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc
      .array(fc.constantFrom("..", ".", "/", "\\", "\0", "nul", "con.", "a", " ", "~", "$", "%2e", ":", "\u202e", "é"), { maxLength: 30 })
      .map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(hostile, fc.constantFrom(all, "{stream}.{ext}", "{name}{app}/{n}.{ext}"), (stream, template) => {
      const name = fileName(template, { ...facts, stream });
      assert.ok(join(folder, name).startsWith(folder + sep), name);
      assert.ok(resolve(folder, name).startsWith(folder + sep), name);
      for (const segment of name.split("/")) {
        assert.ok(segment !== "" && !segment.startsWith(".") && !/[. ]$/.test(segment) && Buffer.byteLength(segment) <= 210, name);
        assert.doesNotMatch(segment, /[\p{Cc}<>:"\\|?*]/u);
        assert.doesNotMatch(segment, /^(con|nul|prn|aux)(\.|$)/i);
      }
      assert.equal(fileName("{stream}", { ...facts, stream: name }), name, "a good name stays as it is");
    }),
    { numRuns: 2000 },
  );
});

test("templates that lead elsewhere or mean nothing are mistakes", () => {
  for (const good of [all, "{n}.{ext}", "a b/..c/{stream}.x.{ext}"]) assert.match(good, templatePattern);
  assert.match(templateMistake("{app}/{nmae}.{ext}"), /\{nmae\} is nothing/);
  for (const bad of [
    "/abs/{n}.{ext}",
    "C:/x.{ext}",
    "../{n}.{ext}",
    "a//b.{ext}",
    "./x.{ext}",
    "{n}",
    "x.mp4",
    "{nmae}.{ext}",
    "a\\b.{ext}",
    " ",
  ]) {
    assert.doesNotMatch(bad, templatePattern);
    assert.notEqual(templateMistake(bad), "");
  }
});

test("equal names are told apart by a number", () => {
  assert.equal(numberedName("a/b.mp4", 1), "a/b.mp4");
  assert.equal(numberedName("a/b.mp4", 2), "a/b~2.mp4");
});
