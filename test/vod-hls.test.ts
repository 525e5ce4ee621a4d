import assert from "node:assert/strict";
import { appendFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { type Packet, packetsOf } from "./support/packets.ts";
import { type VodServer, vodServer } from "./support/vod-server.ts";

let vod: VodServer;
const files = new Map<string, string>();

before(async () => {
  vod = await vodServer();
  const clip = { seconds: 14, gop: 50, size: "160x90" } as const;
  files.set("plain.mp4", await vod.add("plain.mp4", { ...clip, container: "mp4" }));
  files.set("tags.flv", await vod.add("tags.flv", clip));
  files.set(
    "ntsc.mp4",
    await vod.add("ntsc.mp4", { seconds: 9, fps: 30_000 / 1001, gop: 40, size: "160x90", container: "mp4", sampleRate: 44_100 }),
  );
  files.set("sound alone, größer.mp4", await vod.add("sound alone, größer.mp4", { video: false, seconds: 9, container: "mp4" }));
});
after(() => vod[Symbol.asyncDispose]());

const of = (packets: readonly Packet[], kind: Packet["kind"]): Packet[] => packets.filter((packet) => packet.kind === kind);
const url = (name: string): string => `${vod.base}/${encodeURIComponent(name)}.m3u8`;

async function text(address: string): Promise<string> {
  const response = await fetch(address);
  assert.equal(response.status, 200, address);
  assert.equal(response.headers.get("content-type"), "application/vnd.apple.mpegurl");
  return response.text();
}

/** Addresses in a playlist: those of tags first. */
function addresses(playlist: string, base: string): string[] {
  const inTags = [...playlist.matchAll(/URI="([^"]+)"/g)].map(([, uri]) => uri!);
  const lines = playlist.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return [...inTags, ...lines].map((uri) => new URL(uri, base).href);
}

describe("FFmpeg plays every file as HLS, payloads and times unchanged", () => {
  for (const name of ["plain.mp4", "tags.flv", "ntsc.mp4", "sound alone, größer.mp4"]) {
    test(name, async () => {
      const source = await packetsOf(files.get(name)!);
      const sent = await packetsOf(url(name));
      for (const kind of ["video", "audio"] as const) {
        const [wanted, found] = [of(source, kind), of(sent, kind)];
        assert.deepEqual(
          found.map(({ md5 }) => md5),
          wanted.map(({ md5 }) => md5),
          kind,
        );
        if (wanted.length === 0) continue;
        const [begin, offset] = [wanted[0]!.ptsMicros!, found[0]!.ptsMicros!];
        // Sound that was stamped in milliseconds is counted in samples.
        const within = kind === "audio" && name.endsWith(".flv") ? 1000 : 25;
        for (const [i, { ptsMicros }] of found.entries()) {
          const error = Math.abs(ptsMicros! - offset - (wanted[i]!.ptsMicros! - begin));
          assert.ok(error <= within, `${kind} ${i} is off by ${error} µs`);
        }
      }
    });
  }
});

test("segments begin at key frames near six seconds, and their lengths are those of the playlist", async () => {
  const multivariant = await text(url("plain.mp4"));
  assert.match(
    multivariant,
    /#EXT-X-STREAM-INF:BANDWIDTH=\d+,AVERAGE-BANDWIDTH=\d+,CODECS="avc1\.\w+,mp4a\.40\.2",RESOLUTION=160x90,FRAME-RATE=25\.000,AUDIO="audio"/,
  );
  const [sound, pictures] = addresses(multivariant, url("plain.mp4"));
  for (const [address, kind] of [
    [pictures!, "video"],
    [sound!, "audio"],
  ] as const) {
    const playlist = await text(address);
    assert.match(playlist, /#EXT-X-PLAYLIST-TYPE:VOD\n/);
    assert.match(playlist, /#EXT-X-ENDLIST\n$/);
    const lengths = [...playlist.matchAll(/#EXTINF:([\d.]+),/g)].map(([, length]) => Number(length));
    assert.equal(lengths.length, 3, playlist);
    if (kind === "video") assert.deepEqual(lengths, [6, 6, 2]);
    const targetDuration = Number(/TARGETDURATION:(\d+)/.exec(playlist)![1]);
    assert.ok(Math.max(...lengths) <= targetDuration && targetDuration <= Math.max(...lengths) + 1);
    const [init, ...segments] = addresses(playlist, address);
    const header = Buffer.from(await (await fetch(init!)).arrayBuffer());
    let end: number | undefined;
    for (const [i, segment] of segments.entries()) {
      const response = await fetch(segment);
      assert.equal(response.headers.get("content-type"), `${kind}/mp4`);
      assert.match(response.headers.get("cache-control")!, /immutable/);
      const bytes = Buffer.concat([header, Buffer.from(await response.arrayBuffer())]);
      const packets = await packetsOf("-", { before: ["-f", "mp4"], input: bytes });
      assert.equal(packets[0]!.isKey, true);
      const begin = packets[0]!.ptsMicros!;
      if (end !== undefined) assert.ok(Math.abs(begin - end) <= 25, `${kind} segment ${i} begins at ${begin} and not at ${end}`);
      end = begin + lengths[i]! * 1e6;
    }
  }
});

test("a key goes with every address, and a file that changed has other ones", async () => {
  const multivariant = await text(`${url("tags.flv")}?key=a%26b&x=1&_HLS_skip=YES`);
  const all = addresses(multivariant, url("tags.flv"));
  assert.equal(all.length, 2);
  for (const address of all) {
    assert.equal(new URL(address).search, "?key=a%26b&x=1");
    for (const inner of addresses(await text(address), address)) assert.equal(new URL(inner).search, "?key=a%26b&x=1");
  }
  await appendFile(files.get("tags.flv")!, Buffer.alloc(1));
  assert.equal((await fetch(all[0]!)).status, 404);
  assert.notEqual(await text(`${url("tags.flv")}?key=a%26b&x=1&_HLS_skip=YES`), multivariant);
});

test("what is not there is answered with 404", async () => {
  const multivariant = await text(url("plain.mp4"));
  const [address] = addresses(multivariant, url("plain.mp4"));
  const [init, first] = addresses(await text(address!), address!);
  const status = async (other: string) => (await fetch(other)).status;
  assert.equal(await status(init!), 200);
  for (const other of [
    first!.replace("0.m4s", "3.m4s"),
    first!.replace("0.m4s", "9999999.m4s"),
    first!.replace("0.m4s", "-1.m4s"),
    first!.replace("/a2/", "/a99/"),
    first!.replace("hls-", "hls-0"),
    first!.replace("plain.mp4/", "other.mp4/"),
    address!.replace("a2", "v9"),
    `${vod.base}/nothing.m3u8`,
    `${vod.base}/.m3u8`,
  ])
    assert.equal(await status(other), 404, other);
  const head = await fetch(first!, { method: "HEAD" });
  assert.equal(head.status, 200);
});

test("the end of the name may be left out", async () => {
  assert.deepEqual(addresses(await text(`${vod.base}/ntsc.m3u8`), vod.base), addresses(await text(`${vod.base}/ntsc.mp4.m3u8`), vod.base));
});
