import type { Hub } from "../../src/hub/hub.ts";
import type { Publication } from "../../src/hub/publication.ts";
import { Codec, type Track } from "../../src/media/track.ts";

/** Milliseconds between two frames of a tone. */
const frameMs = 20;

/** An AAC track whose frames are of any bytes: what the server's edges need of a stream, without an encoder. */
export const toneTrack: Track = {
  id: 1,
  kind: "audio",
  codec: Codec.aac,
  config: Uint8Array.of(0x11, 0x90),
  timescale: 1000,
  isDefault: true,
  codecString: "mp4a.40.2",
  sampleRate: 48_000,
  channels: 2,
  samplesPerFrame: 1024,
};

/** Publishes audio that is ready at once and sends frames as it is told to. */
export class Tone {
  readonly publication: Publication;
  #sent = 0;

  constructor(hub: Hub, name: string) {
    this.publication = hub.publish(name, { protocol: "test", address: "192.0.2.1", encoder: "tone" });
    this.publication.announce({ video: false, audio: true });
    this.publication.track(toneTrack);
    this.send();
  }

  /** Frames of `size` bytes, each filled with its number. */
  send(count = 1, size = 100): void {
    for (let i = 0; i < count; i++) {
      const dts = this.#sent * frameMs;
      const data = new Uint8Array(size).fill(this.#sent++ & 0xff);
      this.publication.frame({ track: toneTrack.id, dts, pts: dts, sap: 1, discardable: false, data });
    }
  }

  /** Sends a frame every 20 ms until the function returned is called. */
  run(size = 100): () => void {
    const timer = setInterval(() => this.send(1, size), frameMs);
    return () => clearInterval(timer);
  }
}
