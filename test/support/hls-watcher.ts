/** Looks at a rendition's playlist again and again, by hls.js's parser, and at what it lists. */
import assert from "node:assert/strict";
import { M3U8Parser, type PlaylistLevelType, type LevelDetails, type MediaFragment } from "hls.js";
import type { HlsOutput } from "../../src/protocols/hls/hls-output.ts";
import { readHlsPath } from "../../src/protocols/hls/hls-path.ts";

/** Of a segment as it was first listed. */
interface Known {
  readonly url: string;
  readonly duration: number;
  readonly cc: number;
  readonly utc: number | null;
  readonly init: string | undefined;
}

export function parsePlaylist(text: string, url: string): LevelDetails {
  const details = M3U8Parser.parseLevelPlaylist(text, url, 0, "main" as typeof PlaylistLevelType.MAIN, 0, null);
  assert.equal(details.playlistParsingError, null, text);
  return details;
}

export class HlsWatcher {
  readonly name: string;
  readonly segments = new Map<number, Known>();
  /** Bytes of what was fetched, by URL: the same URL never has others. */
  readonly bytes = new Map<string, Buffer>();
  readonly #url: string;
  readonly #hasHoles: boolean;
  /** When each URL was listed last. */
  readonly #lastListed = new Map<string, number>();
  #last: LevelDetails | undefined;
  #target: number | undefined;
  #partTarget: number | undefined;

  /** @param hasHoles parts before a hole may be short */
  constructor(name: string, url: string, hasHoles: boolean) {
    this.#hasHoles = hasHoles;
    this.name = name;
    this.#url = url;
  }

  get last(): LevelDetails | undefined {
    return this.#last;
  }

  /** @param now milliseconds */
  look(output: HlsOutput, now: number): void {
    const rendition = output.rendition(this.name)!;
    const { terms } = output.segmented;
    // Nobody is given a playlist without a segment who has not seen one before.
    if (terms === undefined || rendition.segments.listed()[0]?.duration === undefined) return;
    const text = output.playlist(rendition, false, "?key=k%26");
    const details = parsePlaylist(text, this.#url);
    this.#promises(details, text);
    this.#goesOn(details, text);
    this.#parts(details, text);
    for (const fragment of details.fragments) this.#segment(fragment, output, now, text);
    for (const part of details.partList ?? []) this.#fetch(output, part.url, now);
    this.#stays(output, now, terms.target);
    this.#last = details;
  }

  #promises(details: LevelDetails, text: string): void {
    this.#target ??= details.targetduration;
    this.#partTarget ??= details.partTarget;
    assert.equal(details.targetduration, this.#target, "the target duration never changes");
    assert.equal(details.partTarget, this.#partTarget, "nor does that of parts");
    for (const { duration } of details.fragments) assert.ok(Math.round(duration) <= details.targetduration, text);
    assert.ok(!text.includes("\nEXTINF") && text.startsWith("#EXTM3U\n"), text);
    for (const uri of text.match(/(?<=URI=")[^"]*|^[^#\n].*$/gm) ?? [])
      assert.ok(uri.endsWith("?key=k%26") && !uri.includes("://") && !uri.startsWith("/"), uri);
  }

  /** Never backwards, nothing else at a number that was there before. */
  #goesOn(details: LevelDetails, text: string): void {
    const last = this.#last;
    if (last === undefined) return;
    assert.ok(details.startSN >= last.startSN && details.startCC >= last.startCC, `${last.m3u8}\n${text}`);
    assert.ok(details.endSN >= last.endSN && details.lastPartSn >= last.lastPartSn, `${last.m3u8}\n${text}`);
    assert.ok(last.live || !details.live, "what has ended has ended");
  }

  #segment(fragment: MediaFragment, output: HlsOutput, now: number, text: string): void {
    const { sn, url, duration, cc, programDateTime, initSegment } = fragment;
    const known = { url, duration, cc, utc: programDateTime, init: initSegment?.url };
    const before = this.segments.get(sn);
    const sameRun = before !== undefined && before.url === url;
    if (sameRun) assert.deepEqual(known, before, text);
    else this.segments.set(sn, known);
    if (before !== undefined && !sameRun) assert.equal(cc, before.cc, "another run numbers as the first did");
    if (initSegment !== null) this.#fetch(output, initSegment.url, now);
    if (fragment.gap) return;
    const bytes = this.#fetch(output, url, now);
    const parts = this.#last?.partList?.filter((part) => part.fragment.sn === sn).map((part) => this.bytes.get(part.url)!) ?? [];
    if (parts.length > 0) assert.equal(bytes.indexOf(Buffer.concat(parts)), 0, "a segment is its parts");
  }

  /** RFC 8216bis 4.4.4.9: none longer than is said, none but the last much shorter; with no hole, together what the segment is. */
  #parts(details: LevelDetails, text: string): void {
    const { partList, partTarget, fragments } = details;
    if (partList === null) return;
    const ofSegment = Map.groupBy(partList, (part) => part.fragment.sn);
    for (const [sn, parts] of ofSegment) {
      const segment = fragments.find((fragment) => fragment.sn === sn);
      for (const [i, { duration, independent }] of parts.entries()) {
        assert.ok(duration <= partTarget + 1e-6, text);
        const isLast = i === parts.length - 1;
        if (!isLast && !independent && !this.#hasHoles)
          assert.ok(duration >= 0.85 * partTarget - 1e-6, `${duration} of ${partTarget}\n${text}`);
      }
      const sum = parts.reduce((total, { duration }) => total + duration, 0);
      if (segment !== undefined) assert.ok(sum <= segment.duration + 0.012, `${sum} of ${segment.duration}\n${text}`);
    }
  }

  /** Every URL ever listed is there for three target durations after it was listed last. */
  #stays(output: HlsOutput, now: number, target: number): void {
    for (const [url, at] of this.#lastListed) {
      if (now - at > 3000 * target) this.#lastListed.delete(url);
      else if (output.run === runOf(url)) this.#fetch(output, url, at);
    }
  }

  #fetch(output: HlsOutput, url: string, now: number): Buffer {
    this.#lastListed.set(url, now);
    const bytes = piece(output, url);
    const before = this.bytes.get(url);
    assert.ok(bytes !== undefined && bytes.length > 0, `${url} is not there`);
    if (before === undefined) this.bytes.set(url, bytes);
    else assert.ok(before.equals(bytes), `${url} is not what it was`);
    return bytes;
  }
}

function runOf(url: string): number | undefined {
  const resource = readHlsPath(new URL(url).pathname)?.resource;
  return resource !== undefined && "run" in resource ? resource.run : undefined;
}

/** What is served at a URL. */
function piece(output: HlsOutput, url: string): Buffer | undefined {
  const resource = readHlsPath(new URL(url).pathname)?.resource;
  if (resource === undefined || !("run" in resource) || resource.run !== output.run) return undefined;
  const { segments } = output.rendition(resource.rendition)!;
  switch (resource.kind) {
    case "segment":
      return Buffer.concat(segments.segment(resource.number)?.parts.map(({ bytes }) => bytes) ?? []);
    case "part":
      return Buffer.from(segments.part(resource.number)?.bytes ?? []);
    case "init":
      return Buffer.from(segments.init(resource.number)?.bytes ?? []);
  }
}
