/** Recordings on a disk in memory, in a time that the test moves: what they write, read back by our own reader. */
import { setImmediate as turn } from "node:timers/promises";
import { Fmp4Reader } from "../../src/containers/fmp4/reader.ts";
import { fragmentSamples } from "../../src/containers/fmp4/samples.ts";
import { Hub, type HubOptions } from "../../src/hub/hub.ts";
import type { Publication } from "../../src/hub/publication.ts";
import type { AudioTrack, Track, VideoTrack } from "../../src/media/track.ts";
import { checkConfig } from "../../src/server/config/resolve.ts";
import type { ConfigInput } from "../../src/server/config/schema.ts";
import { silentLog } from "../../src/server/log.ts";
import type { RecordedFile, RecordedStream } from "../../src/server/recording/recorded.ts";
import { Recordings } from "../../src/server/recording/recordings.ts";
import { FakeScheduler } from "./fake-scheduler.ts";
import { audio, audioTrack, video, videoTrack } from "./hub-fixtures.ts";
import type { Disk } from "../../src/server/storage/disk.ts";
import { RecordedDisk } from "./recorded-disk.ts";

export const picture: VideoTrack = { ...videoTrack, config: new Uint8Array([1, 100, 0, 31, 255, 224, 0, 0]) };
export const sound: AudioTrack = { ...audioTrack, samplesPerFrame: 1920 };

export interface BenchOptions {
  /** One in memory that remembers everything, if not given. */
  readonly disk?: Disk;
  readonly recording?: ConfigInput["recording"];
  readonly hub?: Partial<HubOptions>;
}

export class RecordingBench {
  readonly clock = new FakeScheduler();
  readonly disk: RecordedDisk;
  readonly hub: Hub;
  readonly recordings: Recordings;
  /** What was told of files, the last of each by its path. */
  readonly files = new Map<string, RecordedFile>();
  readonly told: RecordedStream[] = [];
  publication!: Publication;
  /** Milliseconds of the publisher's own stamps. */
  #time = 0;

  /** The disk in memory is only there where none was given, or that was one. */
  constructor({ disk = new RecordedDisk(), recording = {}, hub = {} }: BenchOptions = {}) {
    this.disk = disk instanceof RecordedDisk ? disk : new RecordedDisk();
    this.hub = new Hub({ scheduler: this.clock, ...hub });
    const { recording: settings } = checkConfig({ recording: { folder: "/rec", streams: ["live/*"], ...recording } });
    this.recordings = new Recordings({ hub: this.hub, settings, disk, log: silentLog() });
    this.recordings.listen({
      changed: (row) => void this.told.push(row),
      file: (row) => void this.files.set(row.path, row),
    });
  }

  publish(name = "live/cam", tracks: readonly Track[] = [picture, sound]): void {
    this.publication = this.hub.publish(name, { protocol: "test", address: "", encoder: "" });
    for (const track of tracks) this.publication.track(track);
    this.publication.tracksAreComplete();
  }

  /** Publishes so many milliseconds in their own time: 25 pictures and sounds a second, a key frame in each. @param length bytes of a picture */
  async live(ms: number, length = 16): Promise<void> {
    const until = this.#time + ms;
    for (; this.#time < until; this.#time += 40) {
      this.publication.frame(video(this.#time, this.#time % 1000 === 0, length));
      this.publication.frame(audio(this.#time));
      this.clock.advance(40);
      await turns(4);
    }
  }

  /** The same a second at a time, for days. */
  async liveFast(ms: number): Promise<void> {
    const until = this.#time + ms;
    while (this.#time < until) {
      const second = this.#time + 1000;
      for (; this.#time < second; this.#time += 40) {
        this.publication.frame(video(this.#time));
        this.publication.frame(audio(this.#time));
        if (this.#time % 200 === 160) this.clock.advance(200);
      }
      await turns(3);
    }
  }

  /** Lets time pass in which nobody sends anything. */
  async pass(ms: number, step = 100): Promise<void> {
    for (let passed = 0; passed < ms; passed += step) {
      this.clock.advance(step);
      await turns(8);
    }
  }

  /** Paths of the files on the disk. */
  paths(): string[] {
    return [...this.files.keys()];
  }

  read(path: string): ReadFile {
    return readMp4(this.disk.contents(`/rec/${path}`));
  }
}

/** What an MP4 file has. Times in milliseconds from its beginning. */
export interface ReadFile {
  readonly video: readonly { readonly dts: number; readonly pts: number; readonly stamp: number }[];
  readonly audio: readonly { readonly dts: number; readonly data: Uint8Array }[];
}

/** Reads what is whole in a file. */
export function readMp4(bytes: Uint8Array): ReadFile {
  const pictures: ReadFile["video"][number][] = [];
  const sounds: ReadFile["audio"][number][] = [];
  for (const event of new Fmp4Reader().push(bytes)) {
    if (event.type === "init") continue;
    for (const { track, dts, pts, data } of fragmentSamples(event)) {
      const ms = (ticks: number): number => (ticks * 1000) / track.timescale;
      if (track.kind !== "video") sounds.push({ dts: ms(dts), data });
      else pictures.push({ dts: ms(dts), pts: ms(pts), stamp: new DataView(data.buffer, data.byteOffset).getFloat64(0) });
    }
  }
  return { video: pictures, audio: sounds };
}

/** Lets what was set off go on, so many turns of the event loop. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await turn();
}
