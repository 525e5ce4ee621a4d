import type { SourceFrame } from "../../src/media/demuxer.ts";
import { Sap } from "../../src/media/frame.ts";
import type { Muxer, MuxerSink } from "../../src/media/muxer.ts";
import { NotCarried } from "../../src/media/muxer.ts";
import type { AudioTrack, Generation, VideoTrack } from "../../src/media/track.ts";
import type { Container } from "../../src/hub/container-output.ts";
import type { PlayheadEnd, PlayheadSink } from "../../src/hub/playhead.ts";

export const videoTrack: VideoTrack = {
  id: 1,
  kind: "video",
  codec: "avc",
  config: new Uint8Array([1, 2, 3]),
  timescale: 1000,
  isDefault: true,
  codecString: "avc1.64001f",
  width: 640,
  height: 360,
  frameRate: 25,
};

export const audioTrack: AudioTrack = {
  id: 2,
  kind: "audio",
  codec: "aac",
  config: new Uint8Array([0x11, 0x90]),
  timescale: 1000,
  isDefault: true,
  codecString: "mp4a.40.2",
  sampleRate: 48_000,
  channels: 2,
  samplesPerFrame: 1024,
};

/** A video frame whose payload names its time, a key frame every `gop` milliseconds. */
export function video(dts: number, key = dts % 1000 === 0, length = 16): SourceFrame {
  const data = new Uint8Array(Math.max(length, 8));
  new DataView(data.buffer).setFloat64(0, dts);
  return { track: 1, dts, pts: dts + 40, sap: key ? 1 : 0, discardable: false, data };
}

export function audio(dts: number): SourceFrame {
  return { track: 2, dts, pts: dts, sap: 1, discardable: false, data: new Uint8Array([0xaa, dts & 0xff]) };
}

/** A container that writes a line of text per entry, so that a test can read what a viewer got. */
export function textContainer(key = "text", options: { readonly refuse?: (generation: Generation) => boolean } = {}): Container {
  return { key, muxer: (sink) => new TextMuxer(sink, options.refuse ?? (() => false)) };
}

class TextMuxer implements Muxer {
  readonly #sink: MuxerSink;
  readonly #refuse: (generation: Generation) => boolean;
  #tracks = "";

  constructor(sink: MuxerSink, refuse: (generation: Generation) => boolean) {
    this.#sink = sink;
    this.#refuse = refuse;
  }
  generation(next: Generation): void {
    if (this.#refuse(next)) throw new NotCarried("text cannot carry this");
    const ids = next.tracks.map((track) => track.id).join("+");
    const text = `${ids}:${next.tracks.map((track) => [...track.config].join(".")).join("+")}`;
    const change = this.#tracks === "" || this.#tracks !== ids ? undefined : bytes(`<change ${text}>`);
    this.#tracks = ids;
    this.#sink.init(change === undefined ? { bytes: bytes(`<init ${text}>`) } : { bytes: bytes(`<init ${text}>`), change });
  }
  frame(frame: { readonly track: number; readonly dts: number; readonly sap: number; readonly data: Uint8Array }): void {
    const isVideo = frame.track === 1;
    // Like MP4's, this one cannot start at a gradual refresh.
    const starts = isVideo && frame.sap > 0 && frame.sap !== Sap.gradual;
    const text = `${isVideo ? (frame.sap > 0 ? "K" : "v") : "a"}${frame.dts} `.padEnd(frame.data.length);
    this.#sink.chunk({ parts: [bytes(text)], dts: frame.dts * 1000, randomAccess: starts, urgent: isVideo });
  }
  discontinuity(): void {}
  flush(): void {}
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Collects what a viewer is sent; may refuse to take more, as a full socket does. */
export class CollectingSink implements PlayheadSink {
  text = "";
  writes = 0;
  endedBy: PlayheadEnd | undefined;
  /** While true, writes are not taken. */
  blocked = false;
  readonly #held: (() => void)[] = [];

  write(data: Uint8Array): boolean {
    this.text += new TextDecoder().decode(data);
    this.writes += 1;
    return !this.blocked;
  }
  whenTaken(taken: () => void): void {
    this.#held.push(taken);
  }
  end(reason: PlayheadEnd): void {
    this.endedBy = reason;
  }
  unblock(): void {
    this.blocked = false;
    for (const taken of this.#held.splice(0)) taken();
  }
}
