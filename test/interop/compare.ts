/** Compares what a player got with what was published: payloads by their hashes, then times (design, section 8). */
import assert from "node:assert/strict";
import { Way } from "./place.ts";
import type { Got } from "./players.ts";

/** Microseconds of one AAC frame at 48 kHz. */
export const aacFrame = 1024e6 / 48_000;

/** Microseconds that audio may be off: one of RTMP's milliseconds, and in fMP4, which counts in samples, a frame. */
export function audioTolerance(way: Way, frame: number): number {
  return way === Way.httpMp4 || way === Way.wsMp4 ? 1000 + frame : 1000;
}

export interface Tolerance {
  /** As `audioTolerance` says. */
  readonly audio: number;
  /** Microseconds by which all audio may be ahead of the video's offset, or behind; default 0. */
  readonly apart?: number;
  /** True for a player that came when the stream was on its way: its packets are the end of what was sent. */
  readonly late?: boolean;
  /** False where the container leaves audio, or video, out. */
  readonly hasAudio?: boolean;
  readonly hasVideo?: boolean;
}

/** What is left to say where all is well. */
export interface Comparison {
  /** Microseconds that a player's times are ahead of those sent: the same for all packets. */
  readonly offset: number;
  /** Microseconds by which audio was off at most. */
  readonly audioError: number;
  readonly video: number;
  readonly audio: number;
}

/** Asserts that all of it is the same. @param who named in failures */
export function compare(sent: readonly Got[], got: readonly Got[], who: string, tolerance: Tolerance): Comparison {
  const video = pairs(sent, got, "video", who, tolerance);
  const audio = pairs(sent, got, "audio", who, tolerance);
  const offsets = new Set(video.map(([from, to]) => time(to) - time(from)));
  assert.ok(offsets.size <= 1, `${who}: video is ahead by ${[...offsets].slice(0, 10).join(", ")} µs, not by one number`);
  const [offset = medianOffset(audio)] = offsets;
  const apart = tolerance.apart ?? 0;
  const audioOffset = offset + Math.max(-apart, Math.min(apart, medianOffset(audio) - offset));
  const errors = audio.map(([from, to]) => Math.abs(time(to) - time(from) - audioOffset));
  const audioError = Math.max(0, ...errors);
  assert.ok(audioError <= tolerance.audio, `${who}: audio is off by ${audioError} µs`);
  return { offset, audioError, video: video.length, audio: audio.length };
}

/** Packets sent and got that belong together. */
function pairs(
  sent: readonly Got[],
  got: readonly Got[],
  kind: "video" | "audio",
  who: string,
  tolerance: Tolerance,
): (readonly [Got, Got])[] {
  const [from, to] = [sent, got].map((packets) => packets.filter((packet) => packet.kind === kind)) as [Got[], Got[]];
  const wanted = kind === "video" ? tolerance.hasVideo : tolerance.hasAudio;
  if (wanted === false) {
    assert.equal(to.length, 0, `${who}: ${kind} should be left out`);
    return [];
  }
  const skipped = from.length - to.length;
  const most = tolerance.late === true ? from.length - 1 : kind === "audio" ? beforeStart(sent) : 0;
  assert.ok(skipped >= 0 && skipped <= most, `${who}: ${to.length} packets of ${kind} of ${from.length}`);
  assert.ok(to.length > 0 || from.length === 0, `${who}: no ${kind}`);
  const matched = to.map((packet, i) => [from[i + skipped]!, packet] as const);
  const wrong = matched.findIndex(([a, b]) => a.md5 !== b.md5);
  assert.equal(wrong, -1, `${who}: ${kind} packet ${wrong} of ${to.length} has another payload`);
  return matched;
}

/** Audio packets that nobody need get: those before the first picture, where viewers start; without pictures those that came in one read. */
function beforeStart(sent: readonly Got[]): number {
  const firstPicture = sent.findIndex(({ kind }) => kind === "video");
  return firstPicture < 0 ? 15 : firstPicture;
}

function time({ ptsMicros }: Got): number {
  assert.ok(ptsMicros !== undefined, "a packet without a time");
  return ptsMicros;
}

function medianOffset(audio: readonly (readonly [Got, Got])[]): number {
  const offsets = audio.map(([from, to]) => time(to) - time(from)).sort((a, b) => a - b);
  return offsets[offsets.length >> 1] ?? 0;
}

/** The packets that two recordings of one stream have in common, where either may begin and end first. */
export function commonRun(sent: readonly Got[], got: readonly Got[]): { readonly sent: Got[]; readonly got: Got[] } {
  const parts = (["video", "audio"] as const).map((kind) => {
    const [from, to] = [sent, got].map((packets) => packets.filter((packet) => packet.kind === kind)) as [Got[], Got[]];
    const [a, b] = [find(from, to), find(to, from)];
    assert.ok(a >= 0 || b >= 0, `no ${kind} in common`);
    const [first, second] = a >= 0 ? [from.slice(a), to] : [from, to.slice(b)];
    const length = Math.min(first.length, second.length);
    return { sent: first.slice(0, length), got: second.slice(0, length) };
  });
  return { sent: parts.flatMap((part) => part.sent), got: parts.flatMap((part) => part.got) };
}

/** Where `start` begins in `packets`: all that both have from there on is the same. -1 where it does not. Silence alone would fit anywhere. */
function find(packets: readonly Got[], start: readonly Got[]): number {
  return packets.findIndex((_, at) => {
    const common = start.slice(0, packets.length - at);
    return common.length >= 5 && common.every(({ md5 }, i) => packets[at + i]!.md5 === md5);
  });
}
