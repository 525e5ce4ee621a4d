import type { Hub } from "../../hub/hub.ts";
import type { Publication, PublisherInfo } from "../../hub/publication.ts";
import type { SourceFrame } from "../../media/demuxer.ts";
import type { Track } from "../../media/track.ts";
import type { Clip } from "./clip.ts";
import { Pacer } from "../../hub/pacer.ts";

export interface ClipPublisherOptions {
  readonly hub: Hub;
  /** As `streamName` made it. */
  readonly name: string;
  readonly info: PublisherInfo;
  readonly clip: Clip;
  /** Again and again until somebody ends it, with times that go on; else it ends with the clip's last frame. */
  readonly loop: boolean;
  /** 1 is real time by the hub's clock; Infinity is a frame in each turn of the event loop. Above 0. */
  readonly speed: number;
}

/** Publishes a clip inside this process, as an encoder would. The first frames are sent when it is made. */
export class ClipPublisher {
  readonly publication: Publication;
  readonly #options: ClipPublisherOptions;
  readonly #pacer: Pacer;
  #round = 0;
  #next = 0;
  #cancel: (() => void) | undefined;

  /** @throws {Refusal} if the name is taken, or the hub full or closing */
  constructor(options: ClipPublisherOptions) {
    const { hub, name, info, clip } = options;
    this.#options = options;
    this.#pacer = new Pacer(() => hub.scheduler.now());
    this.publication = hub.publish(name, info);
    this.publication.signal.addEventListener("abort", () => this.#cancel?.());
    const has = (kind: Track["kind"]) => clip.tracks.some((track) => track.kind === kind);
    this.publication.announce({ video: has("video"), audio: has("audio") });
    this.publication.metadata(clip.metadata);
    for (const track of clip.tracks) this.publication.track(track);
    this.#send();
  }

  /** Frames sent so far. */
  get sent(): number {
    return this.#round * this.#options.clip.frames.length + this.#next;
  }

  /** Sends what is due and comes back when the next frame is. */
  #send(): void {
    const { hub, clip, speed } = this.#options;
    while (this.publication.end === undefined) {
      const wait = this.#pacer.wait(this.#due / speed / 1000);
      if (wait > 0) {
        this.#cancel = hub.scheduler.after(Math.ceil(wait), () => this.#send());
        return;
      }
      this.publication.frame(this.#shifted(clip.frames[this.#next]!.frame));
      this.#advance();
      if (speed === Infinity) return hub.scheduler.immediate(() => this.#send());
    }
  }

  #advance(): void {
    const { clip, loop } = this.#options;
    this.#next += 1;
    if (this.#next < clip.frames.length) return;
    this.#next = 0;
    this.#round += 1;
    if (!loop) this.publication.close("unpublished");
  }

  /** Microseconds from the beginning to the next frame. */
  get #due(): number {
    const { clip } = this.#options;
    return this.#round * clip.length + clip.frames[this.#next]!.due;
  }

  /** The frame at its place in this round. */
  #shifted(frame: SourceFrame): SourceFrame {
    const { clip } = this.#options;
    const { timescale } = clip.tracks.find((track) => track.id === frame.track)!;
    const ticks = Math.round((this.#round * clip.length * timescale) / 1e6);
    return { ...frame, dts: frame.dts + ticks, pts: frame.pts + ticks };
  }
}
