import assert from "node:assert/strict";
import { test } from "node:test";
import type { MuxerSink } from "../../media/muxer.ts";
import type { AudioTrack, Codec, Generation, Track, VideoTrack } from "../../media/track.ts";
import { audioTrack, videoTrack } from "../../../test/support/hub-fixtures.ts";
import { checkConfig } from "../config/resolve.ts";
import { silentLog } from "../log.ts";
import { FeedDirectory } from "./feed-directory.ts";
import { feedView } from "./feed-view.ts";

const { feeds, outputs, redirects, feedsOnly } = checkConfig({
  feeds: { roof: { encodings: ["aac", "h264", "mp3", "mpeg4"].map((codec) => ({ codec })) } },
  outputs: {
    whole: { feed: "roof", metadata: { title: "Roof" } },
    modern: { feed: "roof", encodings: [1, 2] },
    classic: { feed: "roof", encodings: [3, 4] },
    sound: { feed: "roof", encodings: [3] },
  },
});
const directory = new FeedDirectory({ feeds, outputs, redirects, feedsOnly, log: silentLog(), now: () => 0 });

const video = (id: number, codec: Codec, isDefault = true): VideoTrack => ({ ...videoTrack, id, codec, isDefault });
const audio = (id: number, codec: Codec, isDefault = true): AudioTrack => ({ ...audioTrack, id, codec, isDefault });

/** Which tracks an output shows, by id, those in brackets that players take. */
function shown(output: string, tracks: readonly Track[]): string {
  const generation: Generation = { id: 1, tracks, metadata: {} };
  return feedView(directory.outputs.get(output)!)
    .of(generation)
    .tracks.map(({ id, isDefault }) => (isDefault ? `[${id}]` : `${id}`))
    .join(" ");
}

test("of an encoder that sends what it was asked for, every output has its own", () => {
  const tracks = [audio(1, "aac"), video(2, "avc"), audio(3, "mp3", false), video(4, "mpeg4", false)];
  assert.equal(shown("whole", tracks), "[1] [2] 3 4");
  assert.equal(shown("modern", tracks), "[1] [2]");
  assert.equal(shown("classic", tracks), "[3] [4]");
  assert.equal(shown("sound", tracks), "[3]");
  // What one has that brings no such track is better than nothing.
  assert.equal(shown("classic", tracks.slice(0, 3)), "[2] [3]");
});

test("of an encoder that sends what it has, outputs have the first of the same codec, else of the same kind", () => {
  const flv = [video(1, "avc"), audio(2, "aac")];
  for (const output of ["whole", "modern", "classic"]) assert.equal(shown(output, flv), "[1] [2]", output);
  assert.equal(shown("sound", flv), "[2]");
  const several = [video(1, "mpeg4"), video(2, "avc", false), audio(3, "mp3"), audio(4, "aac", false)];
  assert.equal(shown("modern", several), "[2] [4]");
  assert.equal(shown("classic", several), "[1] [3]");
});

test("a muxer is shown the frames of its view alone, and what is said of the stream", () => {
  const told: string[] = [];
  const whole = feedView(directory.outputs.get("whole")!);
  const sink: MuxerSink = { init: () => undefined, chunk: () => undefined };
  const make = whole.muxer(() => ({
    generation: ({ tracks, metadata }) => void told.push(`${tracks.length} ${JSON.stringify(metadata["title"])}`),
    frame: ({ track }) => void told.push(`frame of ${track}`),
    discontinuity: () => void told.push("break"),
    flush: () => void told.push("flush"),
  }));
  const view = make(sink);
  view.discontinuity({ reason: "start", utcOffset: 0 });
  view.generation({ id: 1, tracks: [video(1, "avc")], metadata: { title: "other" } });
  for (const track of [1, 2]) view.frame({ track, dts: 0, pts: 0, sap: 1, discardable: false, arrived: 0, data: new Uint8Array(1) });
  view.flush();
  assert.deepEqual(told, ["break", '1 "Roof"', "frame of 1", "flush"]);
});
