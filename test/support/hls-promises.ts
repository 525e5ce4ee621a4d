/** What must be true of the playlists and segments of any publisher, by a parser that is not ours. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Fmp4Demuxer } from "../../src/containers/fmp4/demuxer.ts";
import { Hub } from "../../src/hub/hub.ts";
import type { HlsOutput } from "../../src/protocols/hls/hls-output.ts";
import { HlsOutputs } from "../../src/protocols/hls/hls-outputs.ts";
import { carriedIn } from "../../src/protocols/hls/renditions.ts";
import { FakeScheduler } from "./fake-scheduler.ts";
import { HlsWatcher } from "./hls-watcher.ts";
import { type Behaviour, RandomPublisher, type Sent } from "./random-publisher.ts";

/** Times in milliseconds at which nobody asks for anything, so that what is made ends. */
export interface Absence {
  readonly from: number;
  readonly length: number;
}

export const absence: fc.Arbitrary<Absence | undefined> = fc.option(
  fc.record({ from: fc.integer({ min: 0, max: 40_000 }), length: fc.integer({ min: 1000, max: 60_000 }) }),
  { nil: undefined },
);

/** Publishes at random, watches now and then, and fails where a promise is broken. */
export function watchAtRandom(how: Behaviour, format: "demuxed" | "mux", away: Absence | undefined): void {
  const scheduler = new FakeScheduler();
  const hub = new Hub({ scheduler, segmentDuration: 2000, grace: 30_000, graceAfterUnpublish: 30_000 });
  const outputs = new HlsOutputs({ hub, partDuration: 333, window: 30_000, maxBytes: 64 * 1024 * 1024 }, () => false);
  const publisher = new RandomPublisher(hub, scheduler, "live/x", how);
  const stream = hub.streams.get("live/x")!;
  const watchers = new Map<string, HlsWatcher>();
  const hasHoles = how.stretches.some(({ after }) => after.kind !== "none" && after.kind !== "codec");
  let output: HlsOutput | undefined;
  const isAway = (time: number): boolean => away !== undefined && time >= away.from && time < away.from + away.length;
  const look = (): void => {
    const time = scheduler.now();
    if (stream.timeline.current === undefined || isAway(time)) return;
    if (stream.state !== "ended") output = outputs.of(stream, (generation) => carriedIn(format, generation));
    output!.lastAsked = time;
    for (const { name } of output!.segmented.renditions) {
      const watcher = watchers.get(name) ?? new HlsWatcher(name, `http://test/live/x/hls-${stream.id}.1/${name}.m3u8`, hasHoles);
      watchers.set(name, watcher);
      watcher.look(output!, time);
    }
    alike([...watchers.values()]);
  };
  let ticks = 0;
  publisher.run(() => {
    ticks += 1;
    if (ticks % 9 === 0) look();
  });
  scheduler.advance(200);
  const wasWatched = output !== undefined && output.lastAsked > scheduler.now() - 1000;
  hub.close();
  if (!wasWatched || isAway(scheduler.now()) || output!.segmented.terms === undefined) return;
  look();
  for (const watcher of watchers.values()) {
    assert.equal(watcher.last!.live, false, watcher.last!.m3u8);
    if (away === undefined) complete(watcher, publisher.sent);
  }
}

/** Segments of the same number belong together. */
function alike([first, ...others]: readonly HlsWatcher[]): void {
  for (const other of others) {
    for (const [sn, { cc }] of other.segments) {
      const beside = first!.segments.get(sn);
      if (beside !== undefined) assert.equal(cc, beside.cc, `discontinuities of ${sn}`);
    }
  }
}

/** All that was published from some frame on is in the segments, in order, none of it lost. */
function complete(watcher: HlsWatcher, sent: readonly Sent[]): void {
  const got: string[] = [];
  const nothing = (): void => undefined;
  const tracks = new Set<number>();
  let init: string | undefined;
  const sink = {
    announce: nothing,
    metadata: nothing,
    track: ({ id }: { id: number }) => void tracks.add(id),
    frame: ({ data, track }: { data: Uint8Array; track: number }) => void got.push(`${track}:${Buffer.from(data).toString("hex")}`),
  };
  let demuxer = new Fmp4Demuxer(sink);
  for (const [, segment] of [...watcher.segments].toSorted(([a], [b]) => a - b)) {
    const bytes = watcher.bytes.get(segment.url);
    if (bytes === undefined) continue;
    if (segment.init !== init) {
      demuxer = new Fmp4Demuxer(sink);
      demuxer.push(watcher.bytes.get(segment.init!)!);
      init = segment.init;
    }
    demuxer.push(bytes);
  }
  for (const track of tracks) {
    const from = sent.filter((frame) => frame.track === track).map(({ text }) => `${track}:${text}`);
    const to = got.filter((text) => text.startsWith(`${track}:`));
    assert.ok(to.length > 0, `track ${track} has frames`);
    const at = from.indexOf(to[0]!);
    assert.deepEqual(to, from.slice(at), `track ${track}`);
  }
}
