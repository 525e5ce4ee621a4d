import assert from "node:assert/strict";
import { test } from "node:test";
import { findProgram, installCommand, missingPrograms, programs } from "../tools/programs.ts";

test("programs are found, or found missing", () => {
  assert.equal(missingPrograms([{ name: "node", commands: ["node"], debian: ["nodejs"], brew: ["node"] }]).length, 0);
  const absent = { name: "no-such-program", commands: ["no-such-program"], debian: [], brew: [] };
  assert.deepEqual(missingPrograms([absent]), [absent]);
  assert.equal(findProgram("no-such-program"), undefined);
});

test("a program that is there but cannot do what is wanted counts as missing", () => {
  const old = { name: "node", commands: ["node"], debian: [], brew: [], probe: ["-e", "process.exit(1)"] };
  assert.deepEqual(missingPrograms([old]), [old]);
});

test("one command installs what is missing", () => {
  const missing = programs.filter(({ name }) => name === "ffmpeg" || name === "ffprobe" || name === "cvlc");
  const install = "sudo apt-get update && sudo apt-get install -y --no-install-recommends ffmpeg vlc-bin vlc-plugin-base";
  assert.equal(installCommand(missing, "debian"), install);
  assert.equal(installCommand(missing, "macos"), "brew install ffmpeg vlc");
  assert.match(installCommand(missing, "other"), /^docker run /);
});

test("every program can be installed where the tests install it", () => {
  for (const { name, debian, brew } of programs) assert.ok(debian.length > 0 && brew.length > 0, name);
});
