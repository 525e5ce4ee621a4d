/** What playlists of random publishers promise, asked so many times. */
import { test } from "node:test";
import fc from "fast-check";
import { absence, watchAtRandom } from "./hls-promises.ts";
import { behaviour, soundAlone } from "./random-publisher.ts";

/** Declares the tests. @param numRuns publishers for each */
export function testPlaylists(numRuns: number): void {
  const runs = { numRuns };

  test("pictures and sound apart: playlists are right, go on and keep what they promise; nothing is lost", () => {
    fc.assert(
      fc.property(behaviour, (how) => watchAtRandom(how, "demuxed", undefined)),
      runs,
    );
  });

  test("one rendition with both", () => {
    fc.assert(
      fc.property(behaviour, (how) => watchAtRandom(how, "mux", undefined)),
      runs,
    );
  });

  test("sound alone", () => {
    fc.assert(
      fc.property(soundAlone, (how) => watchAtRandom(how, "demuxed", undefined)),
      runs,
    );
  });

  test("nobody asks for a while: numbers go on where the timeline does", () => {
    fc.assert(
      fc.property(behaviour, absence, (how, away) => watchAtRandom(how, "demuxed", away)),
      runs,
    );
  });
}
