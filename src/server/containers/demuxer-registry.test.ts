import assert from "node:assert/strict";
import { test } from "node:test";
import type { Demuxer, FrameSink } from "../../media/demuxer.ts";
import type { DemuxerFormat } from "./demuxer-format.ts";
import { DemuxerRegistry } from "./demuxer-registry.ts";

const sink: FrameSink = { announce: () => {}, metadata: () => {}, track: () => {}, frame: () => {} };

/** A format that begins with a text, and what was read as it. */
function plain(name: string, signature: string, changes: Partial<DemuxerFormat> = {}): DemuxerFormat & { readonly read: string[] } {
  const read: string[] = [];
  const demuxer = (): Demuxer => ({ push: (piece) => void read.push(Buffer.from(piece).toString()), end: () => void read.push("end") });
  const sniff = (head: Uint8Array): boolean | undefined => {
    const text = Buffer.from(head).toString();
    if (text.length >= signature.length) return text.startsWith(signature);
    return signature.startsWith(text) ? undefined : false;
  };
  return { name, sniff, demuxer, read, ...changes };
}

function push(demuxer: Demuxer, ...pieces: readonly string[]): void {
  for (const piece of pieces) demuxer.push(Buffer.from(piece));
}

test("our own formats are told by their first bytes, however they are cut", () => {
  const aac = "\xff\xf1\x50\x80\x01\x1f\xfc\x21";
  const mp3 = `\xff\xfb\x10\xc4${"\0".repeat(100)}`;
  for (const [name, text, known] of [
    ["flv", "FLV\x01\x05\0\0\0\x09", 4],
    ["mp4", "\0\0\0\x1cftypiso5", 8],
    ["matroska", "\x1a\x45\xdf\xa3\x9f\x42\x86\x81", 4],
    ["mpegts", `G${"\0".repeat(187)}G`, 189],
    ["ffm", "FFM2\0\0\x10\0", 4],
    ["ffm", "FFM1\0\0\x10\0", 4],
    ["adts", aac + aac, 15],
    ["adts", `ID3\x04\0\0\0\0\0\x02ab${aac}${aac}`, 27],
    ["mp3", mp3 + mp3, 108],
    ["mp3", `ID3\x04\0\0\0\0\0\x02ab${mp3}${mp3}`, 120],
    ["mp3", "ID3\x04\0\0\0\x02\0\0", 10],
  ] as const) {
    const head = Buffer.from(text, "latin1");
    const all = new DemuxerRegistry();
    const others = all.names.filter((other) => other !== name);
    for (let length = 1; length <= head.length; length++) {
      assert.equal(all.get(name)!.sniff!(head.subarray(0, length)), length < known ? undefined : true, `${name} ${length}`);
    }
    for (const other of others) assert.equal(all.get(other)!.sniff!(head), false, `${name} is no ${other}`);
  }
});

test("input goes to the one that knows it, all of it", () => {
  const [a, b] = [plain("a", "alpha"), plain("b", "alps")];
  const demuxer = new DemuxerRegistry([a, b]).open(undefined, sink);
  push(demuxer, "a", "l", "ps and", " more");
  demuxer.end();
  assert.deepEqual([a.read, b.read], [[], ["alps and", " more", "end"]]);
});

test("what nobody knows is refused: at once, at its end, or after a bounded look", () => {
  const registry = (): DemuxerRegistry => new DemuxerRegistry([plain("a", "alpha"), plain("silent", "", { sniff: () => undefined })]);
  assert.throws(() => push(new DemuxerRegistry([plain("a", "alpha")]).open(undefined, sink), "beta"), { code: "unsupported" });
  assert.throws(() => registry().open(undefined, sink).end(), { code: "truncated" });
  const demuxer = registry().open(undefined, sink);
  push(demuxer, "x".repeat(4095));
  assert.throws(() => push(demuxer, "x"), { code: "unsupported" });
});

test("names, extensions and media types belong to one format", () => {
  const registry = new DemuxerRegistry();
  registry.add(plain("y", "y"));
  assert.throws(() => registry.add(plain("y", "x")), /there is a demuxer "y" already/);
  assert.throws(() => registry.add(plain("x", "x", { extensions: ["flv"] })), /"x": flv belongs to "flv"/);
  assert.throws(() => registry.add(plain("x", "x", { mimeTypes: ["video/mp4"] })), /"x": video\/mp4 belongs to "mp4"/);
  assert.throws(() => registry.add(plain("X", "x")), /name/);
  assert.throws(() => registry.add(plain("x", "x", { extensions: [".x"] })), /without a dot/);
  assert.throws(() => registry.add(plain("x", "x", { mimeTypes: ["video/X; a=b"] })), /no media type/);
  assert.throws(() => registry.add({ name: "x" } as unknown as DemuxerFormat), /needs a function demuxer/);
  assert.throws(() => registry.open("x", sink), { name: "TypeError", message: `format is one of ${registry.names.join(", ")}` });
  assert.deepEqual(registry.names, ["flv", "mp4", "matroska", "mpegts", "adts", "mp3", "ffm", "y"]);
  const theirs = plain("flv", "x", { extensions: ["flv"] });
  registry.add(theirs);
  assert.equal(registry.get("flv"), theirs, "one of the same name takes the place of ours");
  assert.throws(() => registry.add(plain("flv", "x")), /there is a demuxer "flv" already/);
});

test("paths and media types lead to a format", () => {
  const registry = new DemuxerRegistry();
  assert.deepEqual(registry.ofPath("/live/cam.FLV"), { format: registry.get("flv"), stem: "/live/cam" });
  assert.equal(registry.ofPath("/live/cam.v2"), undefined);
  assert.equal(registry.ofPath("flv"), undefined);
  assert.equal(registry.ofMimeType('Video/MP4; codecs="avc1.64001f"')?.name, "mp4");
  assert.equal(registry.ofMimeType("application/octet-stream"), undefined);
});

test("what is said to be one format and plainly is another is refused in words; what may be is believed", () => {
  const [a, b] = [plain("a", "alpha", { title: "Alpha" }), plain("b", "beta")];
  const registry = new DemuxerRegistry([a, b]);
  const declared = (...pieces: readonly string[]): void => push(registry.declared(a, sink), ...pieces);
  declared("al", "pha and more");
  assert.deepEqual(a.read, ["alpha and more"]);
  assert.throws(() => declared("beta"), { code: "unsupported", message: "the input is b, not Alpha" });
  assert.throws(() => declared("gamma"), { code: "malformed", message: "the input does not begin as Alpha does" });
  const unsure = plain("c", "", { sniff: () => undefined });
  push(new DemuxerRegistry([unsure]).declared(unsure, sink), "x".repeat(4096));
  assert.equal(unsure.read.length, 1);
  const d = plain("d", "");
  const named: DemuxerFormat = { name: "d", demuxer: () => d.demuxer(sink) };
  push(new DemuxerRegistry([named]).declared(named, sink), "x");
  assert.deepEqual(d.read, ["x"]);
});
