import assert from "node:assert/strict";
import { test } from "node:test";
import type { AudioTrack, Generation, Track, VideoTrack } from "../../media/track.ts";
import type { ContainerFormat } from "./container-format.ts";
import { carriedTracks, ContainerRegistry, whyNotCarried } from "./container-registry.ts";
import { titleOf } from "./format-names.ts";

const base = { config: new Uint8Array(0), timescale: 1000, isDefault: true, codecString: "" } as const;
const video: VideoTrack = { ...base, id: 1, kind: "video", codec: "screen", width: 0, height: 0, frameRate: 0 };
const sound = { ...base, kind: "audio", sampleRate: 8000, channels: 1, samplesPerFrame: 0 } as const;
const alaw: AudioTrack = { ...sound, id: 2, codec: "pcm-alaw" };
const speex: AudioTrack = { ...sound, id: 3, codec: "speex" };
const data: Track = { ...base, id: 4, kind: "data", codec: "amf0" };

const both = { video: true, audio: true };

function format(changes: Partial<ContainerFormat> = {}): ContainerFormat {
  const muxer: ContainerFormat["muxer"] = () => () => {
    throw new Error("nobody watches");
  };
  return { name: "voc", extensions: ["voc", "voice"], mimeType: "audio/voc", muxer, ...changes };
}

function generation(...tracks: Track[]): Generation {
  return { id: 1, tracks, metadata: {} };
}

test("our own containers are entries like any other", () => {
  const registry = new ContainerRegistry();
  assert.deepEqual(
    registry.all.map((each) => [each.name, titleOf(each), each.extensions, each.webSocket]),
    [
      ["flv", "FLV", ["flv"], true],
      ["mp4", "fMP4", ["mp4"], true],
      ["mpegts", "MPEG-TS", ["ts"], true],
      ["matroska", "Matroska", ["mkv"], undefined],
      ["webm", "WebM", ["webm"], undefined],
      ["adts", "AAC (ADTS)", ["aac"], undefined],
      ["mp3", "MP3", ["mp3"], undefined],
      ["ogg", "Ogg", ["ogg"], undefined],
      ["wav", "WAV", ["wav"], undefined],
      ["mpjpeg", "MJPEG (multipart)", ["mjpg"], undefined],
      ["mjpeg", "MJPEG", ["mjpeg"], undefined],
      ["ffm", "FFM", ["ffm"], undefined],
    ],
  );
  assert.deepEqual(registry.carrying([video, speex, data]), ["flv", "matroska", "ffm"]);
  assert.deepEqual(registry.carrying([data]), []);
});

test("a path leads to the container it ends in", () => {
  const registry = new ContainerRegistry([format()]);
  assert.equal(registry.ofPath("/live/cam.voice")?.stem, "/live/cam");
  assert.equal(registry.ofPath("/live/cam.v2.voc")?.stem, "/live/cam.v2");
  for (const path of ["/live/cam", "/live/voc", "/live/cam.VOC", "/live/cam.voc/", "/live/cam.constructor", "voc", "/live/cam."]) {
    assert.equal(registry.ofPath(path), undefined, path);
  }
});

test("names and extensions belong to one container", () => {
  const registry = new ContainerRegistry();
  registry.add(format());
  assert.throws(() => registry.add(format({ extensions: ["x"] })), { message: 'there is a container "voc" already' });
  assert.throws(() => registry.add(format({ name: "b", extensions: ["x", "flv"] })), /the extension \.flv belongs to "flv"/);
  assert.equal(registry.get("b"), undefined, "what was refused leaves nothing behind");
  assert.equal(registry.ofPath("/a.x"), undefined);
});

test("one of the same name takes the place of ours, once", () => {
  const registry = new ContainerRegistry();
  const [ours] = registry.all;
  assert.equal(ours?.name, "flv");
  const theirs = format({ name: "flv", extensions: ["flv", "f4v"] });
  registry.add(theirs);
  assert.equal(registry.all[0], theirs, "also in the order of lists");
  assert.equal(registry.ofPath("/live/cam.flv")?.format, theirs);
  assert.throws(() => registry.add(format({ name: "flv", extensions: ["x"] })), /already/);
  const other = format({ name: "mp4", extensions: ["m4v"] });
  registry.add(other);
  assert.equal(registry.ofPath("/live/cam.mp4"), undefined, "the extensions of ours go with it");
});

test("what is no container is refused in words", () => {
  const cases: readonly (readonly [Partial<Record<keyof ContainerFormat, unknown>>, RegExp])[] = [
    [{ name: "W" }, /name is lower-case .* not "W"/],
    [{ name: undefined }, /not a undefined/],
    [{ extensions: [] }, /needs an extension/],
    [{ extensions: [".voc"] }, /without a dot, not "\.voc"/],
    [{ extensions: "voc" }, /needs an extension/],
    [{ mimeType: "voc" }, /mimeType is type\/subtype/],
    [{ mimeType: "audio/voc; a=\r\nb" }, /mimeType/],
    [{ kinds: [] }, /kinds/],
    [{ kinds: ["data"] }, /kinds/],
    [{ muxer: undefined }, /muxer/],
    [{ parameters: { key: ["a"] } }, /"key" is taken/],
    [{ parameters: { rate: [] } }, /list of values/],
    [{ parameters: { rate: [8000] } }, /list of values/],
  ];
  for (const [changes, words] of cases) {
    assert.throws(() => new ContainerRegistry([format(changes as Partial<ContainerFormat>)]), words, JSON.stringify(changes));
  }
});

test("what goes in: kinds there is room for, codecs that can be carried, what was asked for", () => {
  const voc = format({ kinds: ["audio"], cannotCarry: ({ codec }) => (codec === "speex" ? "VOC cannot carry Speex" : undefined) });
  const tracks = [video, alaw, speex, data];
  assert.deepEqual(carriedTracks(voc, tracks, both), [alaw]);
  assert.deepEqual(carriedTracks(format(), tracks, both), [video, alaw, speex]);
  assert.deepEqual(carriedTracks(format(), tracks, { video: true, audio: false }), [video]);
  assert.equal(whyNotCarried(voc, generation(...tracks), both), undefined);
  assert.equal(whyNotCarried(voc, generation(video, speex), both), "VOC cannot carry Speex.");
  assert.equal(whyNotCarried(voc, generation(video), both), "The stream has no audio.");
  assert.equal(whyNotCarried(voc, generation(video, alaw), { video: true, audio: false }), "voc carries no video.");
  assert.equal(whyNotCarried(format(), generation(alaw), { video: true, audio: false }), "The stream has no video.");
  assert.equal(whyNotCarried(format(), generation(data), both), "The stream has neither video nor audio.");
});
