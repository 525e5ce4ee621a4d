import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MAX_NAME_LENGTH, streamAddress } from "./identity.ts";
import { Refusal } from "./refusal.ts";

/** What encoders make of a URL that a person typed: OBS sends server and key verbatim, FFmpeg splits by itself. */
const table: readonly (readonly [encoder: string, typed: string, tcUrl: string, app: string, name: string, identity: string])[] = [
  ["OBS", "rtmp://h/live + cam", "rtmp://h/live", "live", "cam", "live/cam"],
  ["OBS", "rtmp://h/live/ + cam", "rtmp://h/live/", "live/", "cam", "live/cam"],
  ["OBS", "rtmp://h/live + cam?key=k", "rtmp://h/live", "live", "cam?key=k", "live/cam"],
  ["OBS", "rtmp://h + live/cam", "rtmp://h", "", "live/cam", "live/cam"],
  ["OBS", "rtmp://h/live/cam + (no key)", "rtmp://h/live/cam", "live/cam", "", "live/cam"],
  ["FFmpeg", "rtmp://h/live/cam", "rtmp://h:1935/live", "live", "cam", "live/cam"],
  ["FFmpeg", "rtmp://h/live/inst/key?tok=1&x=2", "rtmp://h:1935/live/inst", "live/inst", "key?tok=1&x=2", "live/inst/key"],
  ["FFmpeg", "rtmp://h/a/b/c/d", "rtmp://h:1935/a/b", "a/b", "c/d", "a/b/c/d"],
  ["FFmpeg", "rtmp://h/vod/mp4:dir/file.mp4", "rtmp://h:1935/films", "films", "mp4:dir/file.mp4", "films/dir/file.mp4"],
  ["FFmpeg", "rtmp://h/cam", "rtmp://h:1935/cam", "cam", "", "cam"],
  ["librtmp", "rtmp://h/live/_definst_/cam", "rtmp://h:1935/live/_definst_", "live/_definst_", "cam", "live/cam"],
  ["FMLE", "rtmp://h/live?vhost=v + cam", "rtmp://h/live?vhost=v", "live?vhost=v", "cam", "live/cam"],
  ["GStreamer", "rtmp://h/live/cam%201", "rtmp://h:1935/live", "live", "cam%201", "live/cam 1"],
  ["Flash", "rtmp://h/live + flv:cam", "rtmp://h/live", "live", "flv:cam", "live/cam"],
];

for (const [encoder, typed, , app, name, identity] of table) {
  test(`${encoder} with ${typed} means ${identity}`, () => assert.equal(streamAddress(app, name).name, identity));
}

test("the queries of all parts are there together", () => {
  const { params } = streamAddress("live?vhost=v", "cam?key=a&key=b");
  assert.deepEqual(
    [...params],
    [
      ["vhost", "v"],
      ["key", "a"],
      ["key", "b"],
    ],
  );
});

const refused: readonly (readonly [string, RegExp])[] = [
  ["", /empty/],
  ["///", /empty/],
  ["live/../etc", /"\.\."/],
  ["live/%2e%2e/etc", /"\.\."/],
  ["live/a%2fb", /slash/],
  ["live/a\\b", /slash/],
  ["live/a%00b", /control/],
  ["live/a\u202eb", /control/],
  ["live/100%", /percent/],
  ["api/x", /pages/],
  ["Watch/x", /pages/],
  [`live/${"x".repeat(MAX_NAME_LENGTH)}`, /characters long/],
  ["a/b/c/d/e/f/g/h/i", /segments/],
  ["x".repeat(5000), /characters long/],
];
for (const [raw, reason] of refused) {
  test(`refused with its reason: ${raw.slice(0, 30)}`, () =>
    assert.throws(
      () => streamAddress(raw),
      (error) => error instanceof Refusal && error.code === "name-refused" && reason.test(error.message),
    ));
}

test("property: any split of a path between app and name is the same stream", () => {
  const segment = fc.stringMatching(/^[a-z0-9_-]{1,8}$/).filter((text) => text !== "_definst_");
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), fc.nat(5), (segments, split) => {
      const path = ["x", ...segments];
      const at = Math.min(split, path.length);
      assert.equal(streamAddress(path.slice(0, at).join("/"), path.slice(at).join("/")).name, path.join("/"));
    }),
  );
});

test("property: anything is a name without surprises or a refusal", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
      try {
        const { name } = streamAddress("live", text);
        assert.doesNotMatch(name, /(^|\/)\.{0,2}(\/|$)|\p{Cc}/u);
      } catch (error) {
        assert.ok(error instanceof Refusal, String(error));
      }
    }),
  );
});
