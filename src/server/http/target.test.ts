import assert from "node:assert/strict";
import { test } from "node:test";
import { baseOf, firstSegment, readTarget } from "./target.ts";

test("request targets in origin and absolute form", () => {
  assert.deepEqual(readTarget("/live/cam.flv?only=video&x=?"), { path: "/live/cam.flv", query: "only=video&x=?" });
  assert.deepEqual(readTarget("http://host:8080/a%2fb"), { path: "/a%2fb", query: "" });
  assert.deepEqual(readTarget("HTTPS://host?x"), { path: "/", query: "x" });
  assert.deepEqual(readTarget("//evil/x"), { path: "//evil/x", query: "" });
  for (const other of ["", "*", "host:443", "ftp://x/y"]) assert.equal(readTarget(other), undefined, other);
});

test("pages lead back to the root without naming it", () => {
  for (const path of ["/", "/watch", "/watch/", "/watch/live/cam", "/embed/a/b/c/", "/watch/a%2Fb"]) {
    for (const prefix of ["", "/behind/a/proxy"]) {
      assert.equal(new URL(baseOf(path), `http://host${prefix}${path}`).pathname, `${prefix}/`, prefix + path);
    }
  }
});

test("the first segment decides", () => {
  assert.equal(firstSegment("/"), "");
  assert.equal(firstSegment("/watch/x"), "watch");
  assert.equal(firstSegment("//watch"), "");
});
