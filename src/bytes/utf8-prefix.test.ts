import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { utf8Prefix } from "./utf8-prefix.ts";

test("it has at most so many bytes, is the beginning, and is never cut inside a character", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), fc.nat(200), (text, limit) => {
      const cut = utf8Prefix(text, limit);
      const length = (of: string): number => new TextEncoder().encode(of).length;
      assert.ok(length(cut) <= limit);
      assert.ok(text.startsWith(cut));
      assert.ok(cut.isWellFormed());
      if (length(text) <= limit) assert.equal(cut, text);
    }),
  );
});
