import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Packet, packetsOf } from "./support/packets.ts";
import { type VodServer, vodServer } from "./support/vod-server.ts";

let vod: VodServer;
/** Names and paths of the files. */
const files = new Map<string, string>();

before(async () => {
  vod = await vodServer();
  const clip = { seconds: 4, gop: 25 };
  files.set("plain.mp4", await vod.add("plain.mp4", { ...clip, container: "mp4" }));
  files.set(
    "fragments.mp4",
    await vod.add("fragments.mp4", { ...clip, container: "mp4" }, "-movflags", "+frag_keyframe+delay_moov+default_base_moof"),
  );
  files.set("tags.flv", await vod.add("tags.flv", clip));
});
after(() => vod[Symbol.asyncDispose]());

const of = (packets: readonly Packet[], kind: Packet["kind"]): Packet[] => packets.filter((packet) => packet.kind === kind);
const hashes = (packets: readonly Packet[]): string[] => packets.map(({ md5 }) => md5);

/** Presentation times from that of the first picture on, in µs. */
function times(packets: readonly Packet[]): number[] {
  const first = Math.min(...packets.map(({ ptsMicros }) => ptsMicros!));
  return packets.map(({ ptsMicros }) => ptsMicros! - first);
}

function assertNear(actual: readonly number[], expected: readonly number[], within: number, what: string): void {
  assert.equal(actual.length, expected.length, what);
  for (const [i, time] of actual.entries())
    assert.ok(Math.abs(time - expected[i]!) <= within, `${what} ${i}: ${time} and not ${expected[i]}`);
}

describe("a file in any container, payloads and picture times unchanged", () => {
  for (const name of ["plain.mp4", "fragments.mp4", "tags.flv"]) {
    for (const extension of ["flv", "mp4", "mkv", "ts"]) {
      test(`${name}.${extension}`, async () => {
        // Bitstream filters would change what MPEG-TS carries: its pictures are compared by number and time.
        const source = await packetsOf(files.get(name)!);
        const sent = await packetsOf(`${vod.base}/${name}.${extension}`);
        const [first, now] = [of(source, "video"), of(sent, "video")];
        if (extension !== "ts") assert.deepEqual(hashes(now), hashes(first), "pictures");
        assertNear(times(now), times(first), 1000, "pictures");
        const [soundBefore, sound] = [of(source, "audio"), of(sent, "audio")];
        if (extension !== "ts") assert.deepEqual(hashes(sound), hashes(soundBefore), "sound");
        assertNear(times(sound), times(soundBefore), extension === "mp4" ? 5000 : 1000, "sound");
      });
    }
  }
});

test("?start= begins at the key frame that is shown then", async () => {
  const source = of(await packetsOf(files.get("plain.mp4")!), "video");
  for (const [start, key] of [
    [0, 0],
    [0.5, 0],
    [1.5, 25],
    [1.99, 25],
    [2, 50],
    [3.9, 75],
  ] as const) {
    for (const extension of ["flv", "mp4"]) {
      const sent = await packetsOf(`${vod.base}/plain.mp4.${extension}?start=${start}`);
      assert.deepEqual(hashes(of(sent, "video")), hashes(source.slice(key)), `${extension} from ${start}`);
      const [picture, sound] = [of(sent, "video")[0]!, of(sent, "audio")[0]!];
      assert.ok(Math.abs(picture.dtsMicros! - sound.dtsMicros!) < 60_000, "sound begins with the picture");
      assert.ok(Math.abs(picture.ptsMicros! - (key / 25) * 1e6 - 80_000) < 2000, `times are those of the file: ${picture.ptsMicros}`);
    }
  }
});

test("the end of a name may be left out, and a file's own end means the file, or with ?start= a part of it", async () => {
  const whole = Buffer.from(await (await fetch(`${vod.base}/tags.flv`)).arrayBuffer());
  assert.deepEqual(whole, await readFile(files.get("tags.flv")!));
  const part = of(await packetsOf(`${vod.base}/tags.flv?start=2.5`), "video");
  const source = of(await packetsOf(files.get("tags.flv")!), "video");
  assert.deepEqual(hashes(part), hashes(source.slice(50)));
  // FFmpeg's encoder does not make the same bytes of the same pictures each time: each file is compared with itself.
  const plain = of(await packetsOf(files.get("plain.mp4")!), "video");
  assert.deepEqual(hashes(of(await packetsOf(`${vod.base}/plain.flv`), "video")), hashes(plain));
});

test("FLV says how long the file is", async () => {
  const bytes = Buffer.from(await (await fetch(`${vod.base}/plain.mp4.flv`)).arrayBuffer());
  const at = bytes.indexOf("duration");
  assert.ok(at > 0 && at < 1000);
  const duration = bytes.readDoubleBE(at + "duration".length + 1);
  assert.ok(Math.abs(duration - 4.1) < 0.06, `${duration} s`);
});

test("what cannot be shown is refused in words", async () => {
  const answer = async (path: string) => {
    const response = await fetch(`${vod.base}/${path}`);
    return `${response.status} ${await response.text()}`;
  };
  await writeFile(join(vod.folder, "text.mp4"), "no film at all");
  await writeFile(join(vod.folder, "cut.mp4"), (await readFile(files.get("plain.mp4")!)).subarray(0, 2000));
  assert.match(await answer("text.mp4.flv"), /^415 .*neither MP4 nor FLV/);
  assert.match(await answer("cut.mp4.flv"), /^415 This file cannot be shown: .*\((truncated|malformed)\)/);
  assert.match(await answer("plain.mp4.flv?start=99"), /^416 .*4\.\d+ s long/);
  assert.match(await answer("plain.mp4.flv?start=-1"), /^400/);
  assert.match(await answer("plain.mp4.flv?start=x"), /^400/);
  assert.match(await answer("plain.mp4.adts"), /^404/);
  assert.match(await answer("plain.mp4.ogg"), /^415/);
  assert.match(await answer("nothing.flv"), /^404/);
});
