import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { KeyFileError, readKeyList, writeKeyList } from "./key-list.ts";
import { KeyRing } from "./key-ring.ts";
import { keyMistake, keyPrefix, newKey, withoutKeys } from "./publish-key.ts";

const general = newKey();
const bound = newKey();
const keys = [
  { key: general, stream: undefined },
  { key: bound, stream: "live/cam" },
];

test("a new key is recognised, needs no escape in a URL, and is another each time", () => {
  assert.match(general, /^mr_[a-z2-9]{24}$/);
  assert.equal(new Set(Array.from({ length: 1000 }, newKey)).size, 1000);
  assert.equal(encodeURIComponent(general), general);
  assert.equal(keyMistake(general), undefined);
});

test("a key of one's own is refused in words that do not hold it", () => {
  for (const key of ["short", "with space in it", "käse-und-brot", "a".repeat(129), "semi;colon-key"]) {
    const words = keyMistake(key);
    assert.ok(words && !words.includes(key), key);
  }
});

test("a key is found by the whole of it and nothing else", () => {
  const ring = new KeyRing({ fixed: keys });
  assert.equal(ring.find(bound)?.stream, "live/cam");
  assert.equal(ring.find(general), keys[0]);
  for (const text of ["", general.slice(0, -1), `${general}x`, general.toUpperCase(), keyPrefix]) assert.equal(ring.find(text), undefined);
});

test("keys are masked wherever they stand, and so is what looks like one", () => {
  const own = { key: "correct-horse", stream: undefined };
  const text = `rtmp://h/live/${bound}?key=${general}&x=correct-horse`;
  assert.equal(withoutKeys(text, [...keys, own]), "rtmp://h/live/mr_…?key=mr_…&x=mr_…");
  assert.equal(withoutKeys("live/MR%5Fabcdefgh", []), "live/mr_…");
  assert.equal(withoutKeys("live/cam, mr_x and mrs_miller", keys), "live/cam, mr_x and mrs_miller");
});

test("what is written is read again", () => {
  assert.deepEqual(readKeyList(writeKeyList(keys), "f"), keys);
  const edited = `\ufeff# mine\r\n\r\n  ${general}   *  \r\n${bound}\tlive/harbour view\r\n`;
  assert.deepEqual(readKeyList(edited, "f"), [keys[0], { key: bound, stream: "live/harbour view" }]);
});

test("a line that is none is named with its number and what to do, and no key is repeated", () => {
  const cases: [text: string, told: RegExp][] = [
    ["", /^f: no key is in it; "millrace key rotate" writes a new one$/],
    [`# a\n\n${general}`, /^f:3: after the key comes the stream/],
    [`${general} *\n${bound} live/cam\n${general} live/b`, /^f:3: this key stands here twice; take one of the two lines out$/],
    [`${general} *\n${bound} *`, /^f:2: a second key for every stream; take one/],
    [`${general} live/cam?x=1`, /^f:1: Write the stream's name as the server knows it, without a query: live\/cam\. Mend the line/],
    [`${general} ../x`, /^f:1: This stream name cannot be used: .* Mend the line or take it out$/],
    [`${general} ${bound}`, /^f:1: A stream's name that looks like a key\./],
    ["key *", /^f:1: a key has at least 8 characters; mend the line or take it out$/],
    ["\0\0\0\0\0\0", /^f:1: a key is made of letters/],
    ["live/cam " + general, /^f:1: a key is made of letters/],
  ];
  for (const [text, told] of cases) {
    assert.throws(
      () => readKeyList(text, "f"),
      (error: Error) => {
        assert.ok(error instanceof KeyFileError);
        assert.match(error.message, told);
        return !error.message.includes(general) && !error.message.includes(bound);
      },
    );
  }
});

test("any text is a list of keys or a KeyFileError", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom("\n", " ", "#", "*", general, "live/")) }),
      (text) => {
        try {
          assert.ok(readKeyList(text, "f").length > 0);
        } catch (error) {
          assert.ok(error instanceof KeyFileError, String(error));
        }
      },
    ),
  );
});
