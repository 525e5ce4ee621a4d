/** Publishers as they come: key frames near or far, jitter, holes, reconnects, other configurations. */
import fc from "fast-check";
import { avcTrack, aacTrack } from "../../src/containers/fmp4/tracks.fixture.ts";
import type { Hub } from "../../src/hub/hub.ts";
import type { Publication } from "../../src/hub/publication.ts";
import type { SourceFrame } from "../../src/media/demuxer.ts";
import type { Track } from "../../src/media/track.ts";
import type { FakeScheduler } from "./fake-scheduler.ts";

/** What comes after a stretch. `video-lost`: pictures stay away while sound goes on. Times in milliseconds. */
export type Incident =
  | { readonly kind: "none" }
  | { readonly kind: "hole" | "reconnect" | "video-lost"; readonly length: number }
  | { readonly kind: "codec" };

export interface Stretch {
  /** Milliseconds between key frames, and of all of it. */
  readonly gop: number;
  readonly length: number;
  readonly after: Incident;
}

export interface Behaviour {
  readonly video: boolean;
  readonly audio: boolean;
  /** Milliseconds between two pictures, and by which stamps are off. */
  readonly picture: number;
  readonly jitter: number;
  /** Pictures are shown so much later than decoded. */
  readonly delay: number;
  /** Sound is behind the pictures by so much when it comes. */
  readonly audioLate: number;
  readonly stretches: readonly Stretch[];
}

const incident: fc.Arbitrary<Incident> = fc.oneof(
  fc.constant({ kind: "none" } as const),
  fc.record({ kind: fc.constantFrom("hole", "reconnect", "video-lost"), length: fc.integer({ min: 300, max: 9000 }) }),
  fc.constant({ kind: "codec" } as const),
);

const stretch: fc.Arbitrary<Stretch> = fc.record({
  gop: fc.integer({ min: 500, max: 10_000 }),
  length: fc.integer({ min: 3000, max: 30_000 }),
  after: incident,
});

export const behaviour: fc.Arbitrary<Behaviour> = fc.record({
  video: fc.constant(true),
  audio: fc.boolean(),
  picture: fc.constantFrom(16.667, 20, 33.333, 40, 41.667, 66.667, 100),
  jitter: fc.constantFrom(0, 0, 3),
  delay: fc.constantFrom(0, 80),
  audioLate: fc.constantFrom(0, 0, 150, 700),
  stretches: fc.array(stretch, { minLength: 1, maxLength: 5 }),
});

export const soundAlone: fc.Arbitrary<Behaviour> = behaviour.map((each) => ({ ...each, video: false, audio: true, audioLate: 0 }));

/** A frame as it was published. */
export interface Sent {
  readonly track: number;
  readonly text: string;
}

const AUDIO_STEP = 1024 / 48;

/** Sends everything, the clock going with it. @param tick called after every 40 ms of it */
export class RandomPublisher {
  readonly sent: Sent[] = [];
  readonly #hub: Hub;
  readonly #scheduler: FakeScheduler;
  readonly #name: string;
  readonly #behaviour: Behaviour;
  #publication: Publication;
  #configs = 0;
  #frames = 0;

  constructor(hub: Hub, scheduler: FakeScheduler, name: string, how: Behaviour) {
    this.#hub = hub;
    this.#scheduler = scheduler;
    this.#name = name;
    this.#behaviour = how;
    this.#publication = this.#begin();
  }

  run(tick: () => void): void {
    let time = 0;
    for (const { gop, length, after } of this.#behaviour.stretches) {
      this.#stretch(time, length, gop, false, tick);
      time += length;
      if (after.kind === "codec") this.#tracks();
      if (after.kind === "hole") this.#wait(after.length, tick);
      if (after.kind === "hole") time += after.length;
      if (after.kind === "video-lost" && this.#behaviour.audio) {
        this.#stretch(time, after.length, gop, true, tick);
        time += after.length;
      }
      if (after.kind !== "reconnect") continue;
      this.#publication.close("lost");
      this.#wait(after.length, tick);
      this.#publication = this.#begin();
      time = 0;
    }
    this.#publication.close("lost");
  }

  #begin(): Publication {
    const publication = this.#hub.publish(this.#name, { protocol: "test", address: "192.0.2.1", encoder: "random" });
    this.#publication = publication;
    const { video, audio } = this.#behaviour;
    publication.announce({ video, audio });
    this.#tracks();
    return publication;
  }

  #tracks(): void {
    const { video, audio } = this.#behaviour;
    this.#configs += 1;
    const config = avcTrack().config.slice();
    config[config.length - 1] = this.#configs & 0x7f;
    const tracks: Track[] = [];
    if (video) tracks.push(avcTrack({ config, frameRate: 0 }));
    if (audio) tracks.push(aacTrack({ config: this.#configs % 2 === 0 ? Uint8Array.of(0x12, 0x10) : Uint8Array.of(0x11, 0x90) }));
    for (const track of tracks) this.#publication.track(track);
  }

  #wait(length: number, tick: () => void): void {
    for (let waited = 0; waited < length; waited += 40) {
      this.#scheduler.advance(40);
      tick();
    }
  }

  #stretch(from: number, length: number, gop: number, silent: boolean, tick: () => void): void {
    const { video, audio, picture, jitter, delay, audioLate } = this.#behaviour;
    const frames: { readonly at: number; readonly frame: SourceFrame }[] = [];
    if (video && !silent) {
      let nextKey = 0;
      for (let i = 0; i * picture < length; i++) {
        const isKey = i * picture >= nextKey;
        if (isKey) nextKey += gop;
        const dts = Math.round(from + i * picture + (i > 0 ? ((i * 7919) % 3) * (jitter / 3) : 0));
        frames.push({
          at: from + i * picture,
          frame: { track: 1, dts, pts: dts + delay, sap: isKey ? 1 : 0, discardable: false, data: this.#data(isKey) },
        });
      }
    }
    for (let i = 0; audio && i * AUDIO_STEP < length; i++) {
      const dts = Math.round(from + i * AUDIO_STEP);
      frames.push({
        at: from + i * AUDIO_STEP + audioLate,
        frame: { track: 2, dts, pts: dts, sap: 1, discardable: false, data: this.#data(true) },
      });
    }
    let now = from;
    for (const { at, frame } of frames.toSorted((a, b) => a.at - b.at)) {
      while (now + 40 <= at) {
        this.#scheduler.advance(40);
        now += 40;
        tick();
      }
      this.#publication.frame(frame);
      this.sent.push({ track: frame.track, text: Buffer.from(frame.data).toString("hex") });
    }
    while (now + 40 <= from + length) {
      this.#scheduler.advance(40);
      now += 40;
      tick();
    }
  }

  /** A NAL unit of its own, so that a frame is known by its bytes. */
  #data(isKey: boolean): Uint8Array {
    this.#frames += 1;
    const data = new Uint8Array(60);
    data.set([0, 0, 0, 56, isKey ? 0x65 : 0x41]);
    new DataView(data.buffer).setUint32(8, this.#frames);
    return data.fill(0x5a, 12);
  }
}
