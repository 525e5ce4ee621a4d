import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfigMessage } from "./config-message.ts";

test("codecs by track, and why tracks are missing", () => {
  const message = {
    type: "config",
    codecs: "avc1.64001f",
    tracks: [{ id: 1, kind: "video", codec: "avc1.64001f" }],
    leftOut: [{ id: 2, kind: "audio", codec: "speex", reason: "MP4 cannot carry Speex" }],
  };
  const read = readConfigMessage(JSON.stringify(message));
  assert.deepEqual(read, { codecs: new Map([[1, "avc1.64001f"]]), leftOut: ["MP4 cannot carry Speex"] });
});

for (const text of ["", "null", "[]", "{", '{"type":"other"}', '"config"']) {
  test(`${JSON.stringify(text)} is ignored`, () => assert.equal(readConfigMessage(text), undefined));
}

test("odd members are left out", () => {
  assert.deepEqual(readConfigMessage('{"type":"config","tracks":[null,{"id":"1"},7],"leftOut":{}}'), { codecs: new Map(), leftOut: [] });
});
