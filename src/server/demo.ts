import type { Hub } from "../hub/hub.ts";
import type { Publication } from "../hub/publication.ts";
import { builtInClip, type Clip } from "./publishing/clip.ts";
import { ClipPublisher } from "./publishing/clip-publisher.ts";
import type { Log } from "./log.ts";

/** The name that `--demo` publishes under. */
export const demoStream = "live/demo";

interface DemoOptions {
  readonly hub: Hub;
  readonly log: Log;
  readonly name: string;
}

/** Publishes a clip in a loop, in real time, with timestamps that go on; inside this process. */
export class Demo {
  readonly #publication: Publication;

  /** Publishes the built-in clip. @throws {Refusal} if the name is taken */
  static async start(options: DemoOptions): Promise<Demo> {
    return new Demo(options, await builtInClip());
  }

  constructor({ hub, log, name }: DemoOptions, clip: Clip) {
    const info = { protocol: "demo", address: "", encoder: "Millrace demo" };
    const { publication } = new ClipPublisher({ hub, name, info, clip, loop: true, speed: 1 });
    publication.signal.addEventListener("abort", () => {
      if (publication.end === "replaced") log.info({ stream: name }, "somebody took over the demo stream; the demo clip has stopped");
    });
    this.#publication = publication;
  }

  close(): void {
    this.#publication.close("unpublished");
  }
}
