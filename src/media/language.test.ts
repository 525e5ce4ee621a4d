import assert from "node:assert/strict";
import { test } from "node:test";
import { languageTag, threeLetterLanguage } from "./language.ts";

test("tags become three letters, and three letters the shortest tag", () => {
  const cases: [string | undefined, string, string | undefined][] = [
    ["en", "eng", "en"],
    ["de-AT", "deu", "de"],
    ["GSW", "gsw", "gsw"],
    ["zh-Hant", "zho", "zh"],
    [undefined, "und", undefined],
    ["x", "und", undefined],
    ["", "und", undefined],
  ];
  for (const [tag, letters, back] of cases) {
    assert.equal(threeLetterLanguage(tag), letters);
    assert.equal(languageTag(letters), back);
  }
});

test("both codes of a language are read, and what is no language is none", () => {
  for (const [letters, tag] of [
    ["ger", "de"],
    ["deu", "de"],
    ["FRE", "fr"],
    ["chi", "zh"],
    ["qaa", undefined],
    ["mul", undefined],
    ["\0\0\0", undefined],
    ["en", undefined],
  ] as const)
    assert.equal(languageTag(letters), tag, letters);
});
