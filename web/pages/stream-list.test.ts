import assert from "node:assert/strict";
import { test } from "node:test";
import { fewStreams } from "../../test/support/sample-streams.ts";
import { filtered } from "./stream-list.ts";

test("each word of a filter is looked for in name, state, codecs and encoder", () => {
  const names = (filter: string): string[] => filtered(fewStreams(), filter).map((stream) => stream.name);
  assert.equal(names("  ").length, 5);
  assert.deepEqual(names("CAM"), ["live/cam"]);
  assert.deepEqual(names("live hevc"), ["live/harbour view"]);
  assert.deepEqual(names("reconnecting"), ["live/gone"]);
  assert.deepEqual(names("h.264 gone obs"), []);
  assert.deepEqual(names("lavf"), ["live/just-now"]);
});
