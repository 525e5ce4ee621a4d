import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { MAX_OPTION_STRING, optionString, parseOptions } from "./option-string.ts";

const parsed = (text: string): Record<string, string> => Object.fromEntries(parseOptions(text));

test("options as FFmpeg 3.1 writes them", () => {
  assert.deepEqual(parsed("b=128000,ar=44100,ac=2,profile=-1,time_base=1/44100"), {
    b: "128000",
    ar: "44100",
    ac: "2",
    profile: "-1",
    time_base: "1/44100",
  });
  assert.equal(optionString(new Map([["rc_eq", "tex^qComp"]])), "rc_eq=tex^qComp");
});

test("backslashes and quotes take the meaning from what follows", () => {
  assert.deepEqual(parsed(String.raw`x264opts=bframes\=2\,me\=dia,preset=fast`), { x264opts: "bframes=2,me=dia", preset: "fast" });
  assert.deepEqual(parsed("title='a, b = c',g=12"), { title: "a, b = c", g: "12" });
  assert.deepEqual(parsed(String.raw`a= \  b ,c=\\`), { a: "  b", c: "\\" });
  assert.deepEqual(parsed("a=b=c,d"), { a: "b=c", d: "" });
  assert.deepEqual(parsed("a='open"), { a: "open" });
  assert.deepEqual(parsed(""), {});
});

test("what is written is read back, whatever is in it", () => {
  const text = fc.string({ maxLength: 20, unit: fc.constantFrom(..."abx\\',= \n\t\r1:+-/é".split("")) });
  const key = text.filter((value) => value !== "");
  fc.assert(
    fc.property(fc.array(fc.tuple(key, text), { maxLength: 8 }), (entries) => {
      const options = new Map(entries);
      assert.deepEqual([...parseOptions(optionString(options))], [...options]);
    }),
    { numRuns: 1000 },
  );
});

test("absurd strings are refused", () => {
  const refused = (text: string, code: string): void =>
    assert.throws(
      () => parseOptions(text),
      (error) => error instanceof ProtocolError && error.code === code,
    );
  refused("a".repeat(MAX_OPTION_STRING + 1), "limit");
  refused(Array.from({ length: 600 }, (_, i) => `o${i}=1`).join(","), "limit");
  refused("=1", "malformed");
  refused("a=1,,b=2", "malformed");
});

test("garbage throws nothing but ProtocolError", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 100, unit: "binary" }), (text) => {
      try {
        parseOptions(text);
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});
