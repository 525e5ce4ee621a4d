/**
 * Languages: BCP 47 tags, which tracks have, and the three letters of ISO 639-2 that containers have. Where the standard has two codes for a
 * language, one by its English name (B) and one by its own (T), both are read and T is written.
 */

/** Two-letter codes and their three-letter ones, the languages that broadcasts are in. */
const threeLetters: ReadonlyMap<string, string> = new Map(
  pairs(
    "af afr ar ara az aze be bel bg bul bn ben bs bos ca cat cs ces cy cym da dan de deu el ell en eng es spa et est eu eus " +
      "fa fas fi fin fr fra ga gle gl glg gu guj he heb hi hin hr hrv hu hun hy hye id ind is isl it ita ja jpn ka kat kk kaz " +
      "km khm kn kan ko kor lo lao lt lit lv lav mk mkd ml mal mn mon mr mar ms msa mt mlt my mya nb nob ne nep nl nld nn nno " +
      "no nor pa pan pl pol pt por ro ron ru rus si sin sk slk sl slv so som sq sqi sr srp sv swe sw swa ta tam te tel th tha " +
      "tl tgl tr tur uk ukr ur urd uz uzb vi vie zh zho zu zul",
  ),
);

/** The languages above by their English names: three letters, then two. */
const byEnglishName = pairs(
  "baq eu bur my chi zh cze cs dut nl fre fr geo ka ger de gre el ice is mac mk may ms per fa rum ro slo sk alb sq arm hy wel cy",
);

const tags: ReadonlyMap<string, string> = new Map([
  ...Array.from(threeLetters, ([two, three]): [string, string] => [three, two]),
  ...byEnglishName,
]);

function pairs(text: string): [string, string][] {
  return text.match(/\w+ \w+/g)!.map((pair) => pair.split(" ") as [string, string]);
}

/** The three letters for a tag: `und` where it is absent or not known. */
export function threeLetterLanguage(tag: string | undefined): string {
  const primary = (tag ?? "und").split("-")[0]!.toLowerCase();
  return threeLetters.get(primary) ?? (/^[a-z]{3}$/.test(primary) ? primary : "und");
}

/** The tag for three letters: the shortest there is. Undefined for `und`, other codes that name no language, and what is no code. */
export function languageTag(code: string): string | undefined {
  const letters = code.toLowerCase();
  if (!/^[a-z]{3}$/.test(letters) || /^(und|mul|mis|zxx|q[a-t].)$/.test(letters)) return undefined;
  return tags.get(letters) ?? letters;
}
