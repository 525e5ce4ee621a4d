import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { packageVersion } from "../version.ts";
import { parseConfig } from "./load.ts";
import { nextMinor, type Renamed, renamedSettings, renameSettings } from "./renamed.ts";
import { checkConfig, resolveConfig } from "./resolve.ts";
import { settingKeys } from "./settings.ts";

test("an old key works, in a file and from a program, and a warning says what to write", () => {
  const warnings: string[] = [];
  const warn = (text: string) => void warnings.push(text);
  const old = { rtmp: { listen: "127.0.0.1:0" }, http: { listen: 81 } };
  const { rtmp, http } = checkConfig(old, warn);
  assert.deepEqual([rtmp.host, rtmp.port, http.host, http.port], ["127.0.0.1", 0, "*", 81]);
  const file = resolveConfig([parseConfig('http:\n  enabled: true\n  listen: "[::1]:82"\n', "m.yaml")]);
  assert.deepEqual([file.config.http.host, file.config.http.port], ["::1", 82]);
  assert.deepEqual(warnings, [
    "rtmp.listen: now rtmp.host and rtmp.port; the old name is gone in version 0.2",
    "http.listen: now http.host and http.port; the old name is gone in version 0.2",
  ]);
  assert.deepEqual(file.warnings, ["m.yaml:3:3: http.listen: now http.host and http.port; the old name is gone in version 0.2"]);
});

test("the old and a new name together are a mistake, and so is a value that cannot be converted", () => {
  const [both, broken, list] = [{ listen: 1, host: "a" }, { listen: "a" }, { listen: [1] }];
  assert.throws(() => checkConfig({ rtmp: both }), {
    message: "rtmp.listen: the old name of rtmp.host and rtmp.port; give the new ones only",
  });
  assert.throws(() => checkConfig({ rtmp: broken }), {
    message: 'rtmp.listen: "a" has no port: write HOST:PORT, or a port alone',
  });
  assert.throws(() => checkConfig({ rtmp: list } as never), { message: "rtmp.listen: must be a port or HOST:PORT" });
});

test("a setting may move to another group, and what was given stays as it was", () => {
  const table: Renamed[] = [{ from: "a.b", to: ["c.d.e"], since: "1.9", schema: z.unknown(), convert: (value) => ({ "c.d.e": value }) }];
  const given = { a: { b: 1, x: 2 }, c: { y: 3 } };
  const { settings, warnings } = renameSettings(given, table);
  assert.deepEqual(settings, { a: { x: 2 }, c: { y: 3, d: { e: 1 } } });
  assert.deepEqual(given, { a: { b: 1, x: 2 }, c: { y: 3 } });
  assert.deepEqual(warnings, [{ path: ["a", "b"], message: "now c.d.e; the old name is gone in version 1.10" }]);
  assert.deepEqual(renameSettings({ a: { b: 1 }, c: 4 }, table).settings, { a: {}, c: 4 });
});

test("each row renames to settings that are, from one that is no more, and has not outlived its version", () => {
  const keys = settingKeys();
  const [major, minor] = packageVersion().split(".").map(Number) as [number, number];
  for (const { from, to, since } of renamedSettings) {
    assert.ok(!keys.includes(from), from);
    for (const key of to) assert.ok(keys.includes(key), key);
    const [goneMajor, goneMinor] = nextMinor(since).split(".").map(Number) as [number, number];
    assert.ok(
      major < goneMajor || (major === goneMajor && minor < goneMinor),
      `${from} was to be gone in ${nextMinor(since)}: take its row away`,
    );
  }
});
