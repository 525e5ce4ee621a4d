/** Playlists of many random publishers. */
import { test } from "node:test";
import fc from "fast-check";
import { absence, watchAtRandom } from "../support/hls-promises.ts";
import { behaviour, soundAlone } from "../support/random-publisher.ts";

const runs = { numRuns: 80 };

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
