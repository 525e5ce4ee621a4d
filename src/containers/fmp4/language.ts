/** Languages: BCP 47 tags as the three letters that `mdhd` has room for (ISO/IEC 14496-12 8.4.2, ISO 639-2/T). */

/** Two-letter codes and their three-letter ones, the languages that broadcasts are in. */
const threeLetters: ReadonlyMap<string, string> = new Map(
  (
    "af afr ar ara az aze be bel bg bul bn ben bs bos ca cat cs ces cy cym da dan de deu el ell en eng es spa et est eu eus " +
    "fa fas fi fin fr fra ga gle gl glg gu guj he heb hi hin hr hrv hu hun hy hye id ind is isl it ita ja jpn ka kat kk kaz " +
    "km khm kn kan ko kor lo lao lt lit lv lav mk mkd ml mal mn mon mr mar ms msa mt mlt my mya nb nob ne nep nl nld nn nno " +
    "no nor pa pan pl pol pt por ro ron ru rus si sin sk slk sl slv so som sq sqi sr srp sv swe sw swa ta tam te tel th tha " +
    "tl tgl tr tur uk ukr ur urd uz uzb vi vie zh zho zu zul"
  )
    .match(/\w+ \w+/g)!
    .map((pair) => pair.split(" ") as [string, string]),
);

/** The language field of `mdhd`: three letters of five bits, `und` where the tag is absent or not known. */
export function packedLanguage(tag: string | undefined): number {
  const primary = (tag ?? "und").split("-")[0]!.toLowerCase();
  const code = threeLetters.get(primary) ?? (/^[a-z]{3}$/.test(primary) ? primary : "und");
  return (letter(code, 0) << 10) | (letter(code, 1) << 5) | letter(code, 2);
}

function letter(code: string, at: number): number {
  return code.charCodeAt(at) - 0x60;
}
