/** The suite that every container passes: what goes into its muxer comes out of its bytes (design, section 8). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { SourceFrame } from "../../src/media/demuxer.ts";
import { Sap } from "../../src/media/frame.ts";
import type { MuxedChunk, MuxedInit, Muxer, MuxerFactory } from "../../src/media/muxer.ts";
import { NotCarried } from "../../src/media/muxer.ts";
import type { DataTrack, Generation, Track } from "../../src/media/track.ts";
import { audio, hexOf, otherVideo, picture, pictureMs, sound, stretch, video } from "./media.ts";
import type { ReadFrame, StreamReader } from "./readers.ts";

export interface ContainerUnderTest {
  readonly name: string;
  readonly muxer: MuxerFactory;
  /** Only the audio tracks. */
  readonly audioOnly: MuxerFactory;
  /** @param near milliseconds near which the stream begins, for containers whose stamps are too short to tell */
  reader(near: number): StreamReader;
  /** Decoder configurations are among the frames, not in the init. */
  readonly configsInBand: boolean;
  /** Milliseconds that audio may be off (design, section 8). */
  readonly audioWithin: number;
  /** Stamps are 32 bits: before 2^31 ms the output starts again near 0. */
  readonly rollsOver: boolean;
  /** A viewer can go on when the configuration of a track changes. */
  readonly crossesNewConfigurations: boolean;
  /** A viewer can go on when a track is added. */
  readonly crossesNewTracks: boolean;
  /** Viewers may start at gradual refreshes too. */
  readonly startsAtGradual: boolean;
  /** A change of metadata reaches viewers. */
  readonly carriesMetadata: boolean;
  /** An audio track it cannot carry, and words of the refusal. */
  readonly refused: { readonly track: Track; readonly words: RegExp };
}

type Event = { readonly init: MuxedInit } | { readonly chunk: MuxedChunk };

/** A muxer at work, what it made, and what a viewer reads who was there from the beginning. */
class Bench {
  readonly events: Event[] = [];
  readonly muxer: Muxer;
  readonly #container: ContainerUnderTest;
  #generations = 0;

  constructor(container: ContainerUnderTest, factory = container.muxer) {
    this.#container = container;
    this.muxer = factory({ init: (init) => this.events.push({ init }), chunk: (chunk) => this.events.push({ chunk: kept(chunk) }) });
    this.muxer.discontinuity({ reason: "start", utcOffset: 1_700_000_000_000 });
  }

  tracks(tracks: readonly Track[], metadata: Generation["metadata"] = {}): this {
    this.#generations += 1;
    this.muxer.generation({ id: this.#generations, tracks, metadata });
    return this;
  }

  frames(frames: readonly SourceFrame[]): this {
    for (const frame of frames) this.muxer.frame({ ...frame, arrived: frame.dts * 1000 });
    return this;
  }

  get inits(): MuxedInit[] {
    return this.events.flatMap((event) => ("init" in event ? [event.init] : []));
  }

  get chunks(): MuxedChunk[] {
    return this.events.flatMap((event) => ("chunk" in event ? [event.chunk] : []));
  }

  /** Reads all as a viewer does: the first init, then chunks, and `change` where an init comes; a new reader where it cannot go on. */
  read(near = 0): { frames: ReadFrame[]; readers: StreamReader[] } {
    this.muxer.flush();
    const readers: StreamReader[] = [];
    for (const event of this.events) {
      if ("chunk" in event) for (const part of event.chunk.parts) readers.at(-1)!.push(part);
      else if (readers.length > 0 && event.init.change !== undefined) readers.at(-1)!.push(event.init.change);
      else {
        const reader = this.#container.reader(near);
        readers.push(reader);
        reader.push(event.init.bytes);
      }
    }
    return { frames: readers.flatMap((reader) => reader.frames), readers };
  }
}

/** A chunk's parts may be views of what the muxer uses again. */
function kept(chunk: MuxedChunk): MuxedChunk {
  return { ...chunk, parts: chunk.parts.map((part) => Uint8Array.from(part)) };
}

const payloads = (frames: readonly ReadFrame[], kind: string): string[] =>
  frames.filter((each) => each.kind === kind).map(({ data }) => data);
const sentPayloads = (frames: readonly SourceFrame[], track: number): string[] =>
  frames.filter((each) => each.track === track).map(({ data }) => hexOf(data));

/** Asserts payloads and times; `epoch` is what was subtracted from all times. */
function assertSame(container: ContainerUnderTest, sent: readonly SourceFrame[], got: readonly ReadFrame[], epoch = 0): void {
  for (const track of [video, audio]) assert.deepEqual(payloads(got, track.kind), sentPayloads(sent, track.id), `${track.kind} payloads`);
  const of = (kind: string): ReadFrame[] => got.filter((each) => each.kind === kind);
  const pictures = sent.filter((each) => each.track === video.id);
  assert.deepEqual(
    of("video").map(({ pts }) => pts + epoch),
    pictures.map(({ pts }) => pts),
    "presentation times of video",
  );
  assert.deepEqual(
    of("video").map(({ isKey }) => isKey),
    pictures.map(({ sap }) => sap !== Sap.none),
    "key flags",
  );
  for (const frames of [of("video"), of("audio")])
    for (const [i, { dts }] of frames.entries()) assert.ok(i === 0 || dts > frames[i - 1]!.dts, `decoding time ${dts} does not rise`);
  const sounds = sent.filter((each) => each.track === audio.id);
  for (const [i, { pts }] of of("audio").entries()) {
    const off = Math.abs(pts + epoch - sounds[i]!.pts);
    assert.ok(off <= container.audioWithin, `audio frame ${i} is off by ${off} ms`);
  }
}

/** Runs the suite for one container. */
export function containerContract(container: ContainerUnderTest): void {
  const bench = (): Bench => new Bench(container);

  describe(`${container.name} as a container`, () => {
    it("carries payloads bit for bit, times of video exactly, of audio within the bound", () => {
      const sent = stretch(10);
      const { frames } = bench().tracks([video, audio]).frames(sent).read();
      assertSame(container, sent, frames);
      assert.deepEqual(new Set(frames.map(({ config }) => config)), new Set([hexOf(video.config), hexOf(audio.config)]));
    });

    it("carries audio alone and video alone", () => {
      for (const track of [video, audio]) {
        const sent = stretch(2).filter((each) => each.track === track.id);
        assertSame(container, sent, bench().tracks([track]).frames(sent).read().frames);
      }
    });

    it("tells the init before the first chunk, and once", () => {
      const made = bench().tracks([video, audio]).frames(stretch(1));
      assert.ok("init" in made.events[0]!);
      assert.equal(made.inits.length, 1);
      const reader = container.reader(0);
      reader.push(made.inits[0]!.bytes);
      if (container.configsInBand) for (const { parts } of made.chunks) for (const part of parts) reader.push(part);
      assert.deepEqual(
        reader.configs.filter((config) => config !== ""),
        [hexOf(video.config), hexOf(audio.config)],
      );
    });

    it("lets viewers start at key frames, and any start reads to the end", () => {
      const sent = stretch(3);
      const made = bench().tracks([video, audio]).frames(sent);
      made.muxer.flush();
      const { chunks } = made;
      const starts = chunks.flatMap(({ randomAccess }, i) => (randomAccess ? [i] : []));
      assert.equal(starts.length, 3);
      assert.ok(chunks.some(({ urgent }) => urgent) && chunks.some(({ urgent }) => !urgent), "audio rides along with video");
      for (const [n, start] of starts.entries()) {
        const reader = container.reader(0);
        reader.push(made.inits[0]!.bytes);
        for (const { parts } of chunks.slice(start)) for (const part of parts) reader.push(part);
        const pictures = sent.filter((each) => each.track === video.id && each.dts >= n * 1000);
        assert.deepEqual(payloads(reader.frames, "video"), sentPayloads(pictures, video.id));
        assert.equal(reader.frames[0]!.pts, pictures[0]!.pts);
        assert.ok(reader.frames[0]!.isKey);
      }
    });

    it("starts viewers at gradual refreshes where its players can", () => {
      const sent = [picture(0), picture(1), { ...picture(2), sap: Sap.gradual }, picture(3)];
      const made = bench().tracks([video]).frames(sent);
      made.muxer.flush();
      assert.deepEqual(
        made.chunks.filter(({ randomAccess }) => randomAccess).map(({ dts }) => dts),
        container.startsAtGradual ? [0, 2 * pictureMs * 1000] : [0],
      );
    });

    it("lets viewers of audio start anywhere", () => {
      const sent = stretch(1).filter((each) => each.track === audio.id);
      for (const made of [bench().tracks([audio]), new Bench(container, container.audioOnly).tracks([video, audio])]) {
        made.frames(sent);
        assert.ok(made.chunks.length > 3 && made.chunks.every(({ randomAccess }) => randomAccess));
      }
    });

    it("says in words what it cannot carry, and what was carried goes on", () => {
      const { track, words } = container.refused;
      const data: DataTrack = { ...video, id: 3, kind: "data", codec: "amf0", config: new Uint8Array(0), codecString: "" };
      const isRefusal = (error: unknown): boolean => error instanceof NotCarried && error.message.length > 10;
      assert.throws(
        () => bench().tracks([track]),
        (error: Error) => isRefusal(error) && words.test(error.message),
      );
      assert.throws(() => bench().tracks([data]), isRefusal);
      assert.throws(
        () => new Bench(container, container.audioOnly).tracks([video]),
        (error: Error) => isRefusal(error) && /no audio/.test(error.message),
      );
      const { frames } = bench()
        .tracks([video, track])
        .frames(stretch(1).filter((each) => each.track === video.id))
        .read();
      assert.equal(frames.length, 25);
    });

    it("tells another configuration once before its first frame: viewers go on, or are told that they cannot", () => {
      const [before, after] = [
        stretch(1),
        stretch(1, 1000).map((frame) => ({ ...frame, data: frame.data.map((byte, i) => (i > 5 ? byte ^ 1 : byte)) })),
      ];
      const made = bench().tracks([video, audio]).frames(before).tracks([otherVideo, audio]).frames(after);
      assert.equal(made.inits.length, 2);
      assert.equal(made.inits[1]!.change !== undefined, container.crossesNewConfigurations);
      const { frames, readers } = made.read();
      assert.equal(readers.length, container.crossesNewConfigurations ? 1 : 2);
      assertSame(container, [...before, ...after], frames);
      const configs = frames.filter(({ kind }) => kind === "video").map(({ config }) => config);
      assert.deepEqual(configs, [...Array<string>(25).fill(hexOf(video.config)), ...Array<string>(25).fill(hexOf(otherVideo.config))]);
      const newcomer = container.reader(0);
      newcomer.push(made.inits[1]!.bytes);
      const since = made.events.slice(made.events.findIndex((event) => "init" in event && event.init === made.inits[1]));
      if (container.configsInBand)
        for (const event of since) if ("chunk" in event) for (const part of event.chunk.parts) newcomer.push(part);
      assert.ok(newcomer.configs.includes(hexOf(otherVideo.config)) && !newcomer.configs.includes(hexOf(video.config)));
    });

    it("adds a track: viewers go on, or are told that they cannot", () => {
      const sent = [...stretch(1).filter((each) => each.track === video.id), ...stretch(1, 1000)];
      const made = bench().tracks([video]).frames(sent.slice(0, 25)).tracks([video, audio]).frames(sent.slice(25));
      assert.equal(made.inits.length, 2);
      assert.equal(made.inits[1]!.change !== undefined, container.crossesNewTracks);
      assertSame(container, sent, made.read().frames);
    });

    it("says nothing where nothing changed", () => {
      const [before, after] = [stretch(1), stretch(1, 1000)];
      const made = bench().tracks([video, audio]).frames(before);
      made.tracks([{ ...video }, { ...audio, config: Uint8Array.from(audio.config) }]).frames(after);
      assert.equal(made.inits.length, 1);
      assertSame(container, [...before, ...after], made.read().frames);
    });

    it("tells new metadata, and goes on", () => {
      const [before, after] = [stretch(1), stretch(1, 1000)];
      const made = bench().tracks([video, audio], { title: "one" }).frames(before).tracks([video, audio], { title: "two" }).frames(after);
      const { frames, readers } = made.read();
      assertSame(container, [...before, ...after], frames);
      assert.equal(readers.length, 1);
      if (!container.carriesMetadata) return assert.equal(made.inits.length, 1);
      assert.deepEqual(
        readers[0]!.metadata.map(({ title }) => title),
        ["one", "two"],
      );
    });

    it("goes on over a discontinuity", () => {
      const [before, after] = [stretch(1), stretch(2, 61_000)];
      const made = bench().tracks([video, audio]).frames(before);
      made.muxer.discontinuity({ reason: "reconnect", utcOffset: 1_700_000_060_000 });
      const { frames, readers } = made.frames(after).read();
      assert.equal(readers.length, 1);
      assertSame(container, [...before, ...after], frames);
    });

    it("carries presentation before decoding, repeated times and single milliseconds", () => {
      const times = [0, 1, 2, 45, 46, 130, 131, 2000, 2040];
      const sent = times.map((at, i) => picture(i, { at, delay: i % 3 === 1 ? -1 : 40, key: i === 0 || at === 2000 }));
      assertSame(container, sent, bench().tracks([video]).frames(sent).read().frames);
    });

    it("leaves frames of no track, and of tracks it does not carry, out", () => {
      const sent = stretch(1);
      const stray = { ...sound(7), track: 9 };
      assertSame(
        container,
        sent,
        bench()
          .tracks([video, audio])
          .frames([stray, ...sent, stray])
          .read().frames,
      );
    });

    it("goes on past 2^31 milliseconds", () => {
      const from = 2 ** 31 - 3_601_500 - 499;
      const sent = stretch(4, from);
      const made = bench().tracks([video, audio]).frames(sent);
      const { frames, readers } = made.read(from);
      if (!container.rollsOver) return assertSame(container, sent, frames);
      for (const { dts, pts } of frames) assert.ok(dts < 2 ** 31 - 1 && pts < 2 ** 31 - 1);
      const starts = frames.filter(({ kind }) => kind === "video");
      const back = starts.findIndex(({ dts }, i) => i > 0 && dts < starts[i - 1]!.dts);
      assert.ok(back > 0 && starts[back]!.isKey && starts[back]!.dts <= 1000, "it starts again near 0 at a key frame");
      assert.deepEqual(payloads(frames, "video"), sentPayloads(sent, video.id));
      assert.deepEqual(payloads(frames, "audio"), sentPayloads(sent, audio.id));
      // Presentation times keep their distances on either side.
      const pictures = sent.filter((each) => each.track === video.id);
      for (const [first, last] of [
        [0, back],
        [back, starts.length],
      ] as const) {
        const offsets = starts.slice(first, last).map(({ pts }, i) => pictures[first + i]!.pts - pts);
        assert.equal(new Set(offsets).size, 1);
      }
      assert.ok(made.inits.length === 2 && readers.length >= 1);
    });

    it("keeps audio in its place over a quarter of an hour", () => keepsAudio(container, 0.25));
  });
}

/** Audio stays within the bound however long it goes on, at a sampling rate whose frames are no whole milliseconds. */
export function keepsAudio(container: ContainerUnderTest, hours: number): void {
  const rate = 44_100;
  const track = { ...audio, sampleRate: rate, config: Uint8Array.of(0x12, 0x10) };
  let reader = container.reader(0);
  let worst = 0;
  let number = 0;
  let read = 0;
  const check = (): void => {
    for (const { pts } of reader.frames) worst = Math.max(worst, Math.abs(pts - sound(read++, rate).pts));
    reader.frames.length = 0;
  };
  const muxer = container.muxer({
    init: ({ bytes }) => {
      reader = container.reader(0);
      reader.push(bytes);
    },
    chunk: ({ parts }) => {
      for (const part of parts) reader.push(part);
      check();
    },
  });
  muxer.discontinuity({ reason: "start", utcOffset: 0 });
  muxer.generation({ id: 1, tracks: [track], metadata: {} });
  const end = hours * 3_600_000;
  for (let frame = sound(0, rate); frame.dts < end; frame = sound(++number, rate)) muxer.frame({ ...frame, arrived: 0 });
  muxer.flush();
  check();
  assert.equal(read, number, "all frames came");
  assert.ok(worst <= container.audioWithin, `off by ${worst} ms`);
}
