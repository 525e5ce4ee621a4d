import { streamName } from "../hub/identity.ts";
import type { PublicationEnd } from "../hub/publication.ts";
import { isRandomAccess } from "../media/frame.ts";
import type { SourceFrame } from "../media/demuxer.ts";
import type { Track } from "../media/track.ts";
import { builtInClip, type Clip, clipOf, readClip } from "../server/publishing/clip.ts";
import { ClipPublisher } from "../server/publishing/clip-publisher.ts";
import type { MillraceServer } from "../server/millrace-server.ts";
import { ComposedServer } from "../server/server.ts";
import { frameHash } from "./frame-hash.ts";

/** What is published, and how. */
export interface TestClipOptions {
  /** Again and again until it is stopped, with times that go on; else it ends after its last frame. On where `speed` is finite. */
  readonly loop?: boolean;
  /**
   * How many seconds of the clip a second of the server's clock sends: 1, real time, if not given. Infinity: a frame in each turn of
   * the event loop; whoever reads over a socket may not keep up with that.
   */
  readonly speed?: number;
  /** Only this kind of track. */
  readonly kind?: "video" | "audio";
  /** An FLV file to be sent in place of the clip that comes with the package. */
  readonly flv?: Uint8Array;
}

/** A frame of a clip, as it is sent in the first round. */
export interface TestClipFrame {
  readonly kind: "video" | "audio";
  /** Milliseconds from the clip's beginning; each round after the first adds `duration`, to the nearest tick. */
  readonly dts: number;
  readonly pts: number;
  readonly randomAccess: boolean;
  /** Bytes of its payload. */
  readonly size: number;
  /** Of its payload, as `frameHash` makes it. */
  readonly hash: string;
}

/** A clip that is being published. `await using` stops it with the test. */
export interface TestClip extends AsyncDisposable {
  /** The stream's name. */
  readonly stream: string;
  readonly tracks: readonly Track[];
  /** The frames of one round, in the order in which they are sent. */
  readonly frames: readonly TestClipFrame[];
  /** Milliseconds of one round. */
  readonly duration: number;
  /** Frames sent so far, over all rounds. */
  readonly sent: number;
  /** Resolves when nothing more is sent, with why: `unpublished` at its end or when it was stopped, `replaced`, `closing` … */
  readonly finished: Promise<PublicationEnd>;
  /**
   * Ends it, as an encoder does that says goodbye (`unpublished`, if not given) or that is cut off (`lost`), whom the server waits for. After
   * its end this does nothing.
   */
  stop(end?: "unpublished" | "lost"): Promise<void>;
}

/**
 * Publishes a small clip inside the process: 8 s of H.264 without B-frames, a key frame each second, and of AAC (assets/README.md). No
 * encoder, no socket, and like all that programs publish, no key and no hook. It is live when this resolves.
 *
 * Rejects with a `Refusal`: `busy` where somebody else publishes under that name, `name-refused`, `full`, `closing`; with a `TypeError`
 * for what cannot be done; with a `ProtocolError` where `flv` is none.
 */
export async function publishTestClip(server: MillraceServer, name: string, options: TestClipOptions = {}): Promise<TestClip> {
  const { speed = 1, loop = speed !== Infinity, kind, flv } = options;
  if (!(speed > 0)) throw new TypeError(`a clip's speed is a number above 0, not ${speed}`);
  if (loop && speed === Infinity) throw new TypeError("a clip in a loop has a finite speed");
  if (!(server instanceof ComposedServer)) throw new TypeError("a test clip needs a server that createServer() made");
  const whole = flv === undefined ? await builtInClip() : readClip(flv);
  const clip = kind === undefined ? whole : clipOf(whole, kind);
  const info = { protocol: "test", address: "", encoder: "Millrace test clip" };
  return new RunningClip(new ClipPublisher({ hub: server.hub, name: streamName(name), info, clip, loop, speed }), clip, streamName(name));
}

class RunningClip implements TestClip {
  readonly stream: string;
  readonly tracks: readonly Track[];
  readonly frames: readonly TestClipFrame[];
  readonly duration: number;
  readonly finished: Promise<PublicationEnd>;
  readonly #publisher: ClipPublisher;

  constructor(publisher: ClipPublisher, { tracks, frames, length }: Clip, stream: string) {
    const { publication } = publisher;
    this.#publisher = publisher;
    this.stream = stream;
    this.tracks = tracks;
    this.frames = frames.map(({ due, frame }) =>
      describe(
        frame,
        due / 1000,
        tracks.find((track) => track.id === frame.track)!,
      ),
    );
    this.duration = length / 1000;
    this.finished = new Promise((resolve) => {
      const over = (): void => resolve(publication.end ?? "lost");
      if (publication.end === undefined) publication.signal.addEventListener("abort", over, { once: true });
      else over();
    });
  }

  get sent(): number {
    return this.#publisher.sent;
  }

  async stop(end: "unpublished" | "lost" = "unpublished"): Promise<void> {
    this.#publisher.publication.close(end);
    await this.finished;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** @param time milliseconds from the clip's beginning */
function describe({ sap, dts, pts, data }: SourceFrame, time: number, { kind, timescale }: Track): TestClipFrame {
  return {
    kind: kind === "video" ? kind : "audio",
    dts: time,
    pts: time + ((pts - dts) * 1000) / timescale,
    randomAccess: isRandomAccess({ sap }),
    size: data.length,
    hash: frameHash(data),
  };
}
