import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { open, readFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { ReadAt } from "../src/bytes/read-at.ts";
import { Writer } from "../src/bytes/writer.ts";
import { indexMp4 } from "../src/containers/fmp4/file-index.ts";
import type { MediaIndex } from "../src/media/media-index.ts";
import { packetsOf } from "./support/packets.ts";
import { type VodServer, vodServer } from "./support/vod-server.ts";

/** Bytes of nothing in the middle: beyond what 32 bits can count. */
const hole = 5_000_000_000;
let vod: VodServer;
let small: string;
let large: string;
/** Bytes before the hole. */
let front: number;

before(async () => {
  vod = await vodServer();
  const flags = ["-movflags", "+frag_keyframe+delay_moov+default_base_moof"];
  small = await vod.add("small.mp4", { seconds: 4, gop: 25, size: "160x90", container: "mp4" }, ...flags);
  large = join(vod.folder, "large.mp4");
  const bytes = await readFile(small);
  front = fragmentStarts(bytes)[2]!;
  await using file = await open(large, "w");
  await file.write(bytes.subarray(0, front), 0, front, 0);
  const free = new Writer()
    .u32(1)
    .ascii("free")
    .u32(Math.floor(hole / 2 ** 32))
    .u32(hole % 2 ** 32)
    .done();
  await file.write(free, 0, free.length, front);
  await truncate(large, front + hole);
  await file.write(bytes.subarray(front), 0, bytes.length - front, front + hole);
});
after(() => vod[Symbol.asyncDispose]());

function fragmentStarts(bytes: Buffer): number[] {
  const starts: number[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32BE(at))
    if (bytes.toString("latin1", at + 4, at + 8) === "moof") starts.push(at);
  return starts;
}

test("a file of over 4 GB is indexed by a few reads, played and sought, every payload the same", async () => {
  await using file = await open(large);
  const { size } = await file.stat();
  assert.ok(size > 2 ** 32);
  let read = 0;
  const readAt: ReadAt = async (offset, length) => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
    read += bytesRead;
    return buffer.subarray(0, bytesRead);
  };
  const index = await indexMp4(readAt, size, { pause: () => Promise.resolve() });
  assert.ok(read < 1_000_000, `${read} bytes were read`);
  const source = (await packetsOf(small)).filter(({ kind }) => kind === "video").map(({ md5 }) => md5);
  assert.deepEqual(await hashes(index, readAt), source);
  const video = async (url: string) => (await packetsOf(url)).filter(({ kind }) => kind === "video").map(({ md5 }) => md5);
  assert.deepEqual(await video(`${vod.base}/large.mp4.flv`), source);
  assert.deepEqual(await video(`${vod.base}/large.mp4.flv?start=3`), source.slice(75));
  assert.deepEqual(await video(`${vod.base}/large.mp4.m3u8`), source);
});

async function hashes({ tracks }: MediaIndex, read: ReadAt): Promise<string[]> {
  const { samples, frame } = tracks.find(({ track }) => track.kind === "video")!;
  assert.ok(samples.offsets[samples.count - 1]! > 2 ** 32);
  const found: string[] = [];
  for (let i = 0; i < samples.count; i++) {
    const { data } = frame(i, await read(samples.offsets[i]!, samples.sizes[i]!))!;
    found.push(createHash("md5").update(data).digest("hex"));
  }
  return found;
}

test("ranges beyond 4 GB", async () => {
  const bytes = await readFile(small);
  const response = await fetch(`${vod.base}/large.mp4`, { headers: { Range: `bytes=${front + hole}-` } });
  assert.equal(response.status, 206);
  assert.equal(response.headers.get("content-range"), `bytes ${front + hole}-${bytes.length + hole - 1}/${bytes.length + hole}`);
  assert.deepEqual(Buffer.from(await response.arrayBuffer()), bytes.subarray(front));
});
