import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { HeaderReader } from "../../containers/ffm/header.ts";
import { PAGE_SIZE } from "../../containers/ffm/page.ts";
import { feedHeader, feedLayout } from "./feed-streams.ts";
import type { FeedLayout } from "./feed-streams.ts";
import { parseFfserverConf } from "./parse-conf.ts";

const example = readFileSync(new URL("../../../test/fixtures/ffserver.conf", import.meta.url), "utf8");

/** @param streams lines of each stream's section, by the stream's name */
function layout(streams: Readonly<Record<string, string>>): FeedLayout {
  const sections = Object.entries(streams).map(([name, lines]) => `<Stream ${name}>\nFeed f\n${lines}\n</Stream>\n`);
  const { conf, notes } = parseFfserverConf(`<Feed f>\n</Feed>\n<Feed g>\n</Feed>\n${sections.join("")}`, "f.conf");
  assert.deepEqual(notes.errors, []);
  return feedLayout("f", conf.streams);
}

const names = ({ encodings }: FeedLayout): string[] => encodings.map(({ codec }) => codec.name);
const uses = (made: FeedLayout): Record<string, readonly number[]> => Object.fromEntries(made.uses);

test("streams come in the order of their first appearance, audio before video", () => {
  const made = layout({ "a.mpg": "", "b.flv": "", "c.mjpg": "" });
  assert.deepEqual(names(made), ["mp2", "mpeg1video", "mp3", "flv1", "mjpeg"]);
  assert.deepEqual(uses(made), { "a.mpg": [0, 1], "b.flv": [2, 3], "c.mjpg": [4] });
});

test("what two streams ask for alike is made once, and options that do not count are the first one's", () => {
  const made = layout({
    "a.mpg": "VideoQMin 3",
    "b.mpg": "VideoQMin 5",
    "c.ts": "VideoCodec mpeg1video",
    "d.mpg": "NoAudio",
    "e.mpg": "NoVideo",
  });
  assert.deepEqual(names(made), ["mp2", "mpeg1video"]);
  assert.equal(made.encodings[1]!.options.get("qmin"), "3");
  assert.deepEqual(uses(made), { "a.mpg": [0, 1], "b.mpg": [0, 1], "c.ts": [0, 1], "d.mpg": [1], "e.mpg": [0] });
});

test("codec, bit rate, sound and picture tell encodings apart", () => {
  for (const [kind, lines] of [
    ["video", "VideoBitRate 100"],
    ["video", "VideoSize 320x240"],
    ["video", "VideoFrameRate 10"],
    ["video", "VideoGopSize 25"],
    ["video", "VideoCodec mpeg4"],
    ["audio", "AudioBitRate 96"],
    ["audio", "AudioSampleRate 44100"],
    ["audio", "AudioChannels 2"],
    ["audio", "AudioCodec libmp3lame"],
  ] as const) {
    const made = layout({ "a.mpg": "", "b.mpg": lines });
    assert.equal(made.encodings.length, 3, lines);
    assert.equal(made.encodings[2]!.codec.kind, kind, lines);
  }
  // 12 pictures from one key frame to the next is what encoders do when nothing is said.
  assert.equal(layout({ "a.mpg": "", "b.mpg": "VideoGopSize 12" }).encodings.length, 2);
});

test("a stream that hands the feed on takes all of it, wherever it stands", () => {
  assert.deepEqual(uses(layout({ "all.ffm": "Format ffm", "a.mpg": "", "b.flv": "NoAudio" })), {
    "all.ffm": [0, 1, 2],
    "a.mpg": [0, 1],
    "b.flv": [2],
  });
});

test("other feeds' streams, files and the status page are none of it", () => {
  const conf =
    "<Feed f>\n</Feed>\n<Feed g>\n</Feed>\n<Stream a.mpg>\nFeed g\n</Stream>\n<Stream b.mpg>\nFile /b.mpg\n</Stream>\n<Stream s>\nFormat status\n</Stream>";
  const made = feedLayout("f", parseFfserverConf(conf, "f.conf").conf.streams);
  assert.deepEqual([made.encodings.length, made.uses.size], [0, 0]);
});

test("every stream takes what it asked for, whatever is asked", () => {
  const extensions = fc.constantFrom("mpg", "flv", "ts", "avi", "mjpg", "ogg", "mp3");
  const lines = fc.subarray(["VideoBitRate 100", "VideoSize cif", "VideoFrameRate 10", "AudioBitRate 96", "AudioChannels 2", "NoAudio"]);
  fc.assert(
    fc.property(fc.array(fc.tuple(extensions, lines), { maxLength: 8 }), (streams) => {
      const named = Object.fromEntries(streams.map(([extension, own], i) => [`s${i}.${extension}`, own.join("\n")]));
      const sections = Object.entries(named).map(([name, own]) => `<Stream ${name}>\nFeed f\n${own}\n</Stream>\n`);
      const { conf } = parseFfserverConf(`<Feed f>\n</Feed>\n${sections.join("")}`, "f.conf");
      const made = feedLayout("f", conf.streams);
      for (const { name, encodings } of conf.streams) {
        const taken = made.uses.get(name)!.map((place) => made.encodings[place]!);
        assert.deepEqual(
          taken.map(({ codec, bitRate, width, sampleRate, channels, timeBase }) => [
            codec.id,
            bitRate,
            width,
            sampleRate,
            channels,
            timeBase,
          ]),
          encodings.map(({ codec, bitRate, width, sampleRate, channels, timeBase }) => [
            codec.id,
            bitRate,
            width,
            sampleRate,
            channels,
            timeBase,
          ]),
        );
      }
      const places = [...made.uses.values()].flat();
      assert.equal(new Set(places).size, made.encodings.length, "nothing is made for nobody");
    }),
  );
});

test("the header of a feed asks for its encodings, and for configurations where FFmpeg would leave them out", () => {
  const presets = () => ({ path: "/x", text: "b=48000\n" });
  const { conf, notes } = parseFfserverConf(example, "f.conf", { presets });
  assert.deepEqual(notes.errors, []);
  const made = feedLayout("roof.ffm", conf.streams);
  assert.deepEqual(names(made), ["aac", "h264", "mp3", "mpeg4", "mjpeg", "mjpeg", "vorbis", "pcm_mulaw", "mpeg4"]);
  assert.deepEqual(made.uses.get("roof.flv"), [0, 1]);
  assert.deepEqual(made.uses.get("roof.ts"), [0, 1]);
  assert.deepEqual(made.uses.get("relay.ffm"), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  const bytes = feedHeader(made.encodings);
  const reader = new HeaderReader();
  const pages = Array.from({ length: bytes.length / PAGE_SIZE }, (_, i) => bytes.subarray(i * PAGE_SIZE, (i + 1) * PAGE_SIZE));
  const header = pages.map((page) => reader.push(page)).at(-1)!;
  assert.deepEqual(
    header.streams.map(({ codecId, kind, bitRate }) => [codecId, kind, bitRate]),
    made.encodings.map(({ codec, bitRate }) => [codec.id, codec.kind, bitRate]),
  );
  const [aac, h264, , , , , vorbis] = header.streams;
  assert.equal(aac!.options.get("flags"), "+global_header");
  assert.equal(vorbis!.options.get("flags"), "+global_header");
  assert.equal(h264!.options.get("video_size"), "640x360");
  assert.deepEqual(Object.fromEntries(h264!.privateOptions), { preset: "ultrafast", rc_eq: "tex^qComp" });
});

test("the flag is added to flags that are there", () => {
  const made = layout({ "a.ogg": "NoVideo\nAVOptionAudio flags +bitexact" });
  assert.ok(Buffer.from(feedHeader(made.encodings)).includes("flags=+bitexact+global_header"));
});
