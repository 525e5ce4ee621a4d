import { FlvDemuxer } from "../../containers/flv/demuxer.ts";
import { MatroskaDemuxer } from "../../containers/matroska/demuxer.ts";
import type { Container } from "../../hub/container-output.ts";
import { Publication } from "../../hub/publication.ts";
import type { Scheduler } from "../../hub/scheduler.ts";
import type { Stream } from "../../hub/stream.ts";
import type { Demuxer, FrameSink, SourceFrame } from "../../media/demuxer.ts";
import { Sap } from "../../media/frame.ts";
import type { Muxer, MuxerSink } from "../../media/muxer.ts";
import { type DataTrack, type Generation, type Metadata, type Track, TrackKind } from "../../media/track.ts";
import { Cutter } from "./cut/cutter.ts";
import { framesContainer, type Wanted } from "./recipe.ts";

/** Takes what one child writes into the timeline that its viewers read. */
export interface Receiver {
  /** @param piece given away. @throws ProtocolError where it is not what was asked for */
  push(piece: Uint8Array): void;
  /** The child has ended as it should. @throws ProtocolError */
  end(): void;
  /** No more of this child comes. */
  close(): void;
}

export function receiver(wanted: Wanted, stream: Stream, scheduler: Scheduler): Receiver {
  return wanted.kind === "bytes" ? new BytesReceiver(wanted, stream, scheduler) : new FramesReceiver(wanted, stream, scheduler);
}

/** The pieces of a container that we do not write lie on a timeline of their own, as frames of this one track: the header is its configuration. */
const pieces: Omit<DataTrack, "config"> = {
  ...{ kind: "data", id: 1, codec: "amf0", codecString: "", timescale: 1_000_000, isDefault: true },
};

class BytesReceiver implements Receiver {
  readonly #cutter: Cutter;

  constructor(wanted: Extract<Wanted, { kind: "bytes" }>, { timeline }: Stream, scheduler: Scheduler) {
    this.#cutter = new Cutter(wanted.format.reader(wanted.encodings), {
      header(config) {
        const time = scheduler.now();
        timeline.discontinuity({ reason: timeline.current === undefined ? "start" : "reconnect", utcOffset: scheduler.wallClock() - time });
        timeline.generation({ id: timeline.nextGeneration, tracks: [{ ...pieces, config }], metadata: {} });
      },
      chunk(data, isStart) {
        // Their only time is that at which they come.
        const arrived = Math.round(scheduler.now() * 1000);
        const dts = Math.max(arrived, timeline.lastMicros + 1);
        const sap = isStart ? Sap.closed : Sap.none;
        timeline.frame({ track: pieces.id, dts, pts: dts, sap, discardable: false, arrived, data });
      },
    });
  }

  push(piece: Uint8Array): void {
    this.#cutter.push(piece);
  }

  end(): void {
    this.#cutter.end();
  }

  close(): void {}
}

/** Hands on the pieces of such a timeline. Who has a header cannot go on behind another one. */
export function piecesContainer(name: string): Container {
  return { key: `pieces:${name}`, muxer: (sink) => new PiecesMuxer(sink) };
}

class PiecesMuxer implements Muxer {
  readonly #sink: MuxerSink;

  constructor(sink: MuxerSink) {
    this.#sink = sink;
  }

  generation({ tracks: [track] }: Generation): void {
    this.#sink.init({ bytes: track!.config });
  }

  frame({ dts, sap, data }: Parameters<Muxer["frame"]>[0]): void {
    this.#sink.chunk({ parts: [data], dts, randomAccess: sap !== Sap.none, urgent: true });
  }

  discontinuity(): void {}

  flush(): void {}
}

class FramesReceiver implements Receiver {
  readonly #publication: Publication;
  readonly #held: HeldFrames;
  readonly #demuxer: Demuxer;

  constructor({ encodings }: Wanted, stream: Stream, scheduler: Scheduler) {
    const info = { protocol: "ffmpeg", address: "", encoder: "" };
    this.#publication = new Publication(stream, scheduler, info, stream.timeline.current === undefined ? "start" : "reconnect");
    stream.attach(this.#publication);
    const kinds = { video: encodings.video !== undefined, audio: encodings.audio !== undefined };
    this.#held = new HeldFrames(this.#publication, kinds);
    const container = framesContainer(encodings);
    this.#demuxer = container === "flv" ? new FlvDemuxer(this.#held) : new MatroskaDemuxer(this.#held);
  }

  push(piece: Uint8Array): void {
    this.#demuxer.push(piece);
  }

  end(): void {
    this.#demuxer.end();
    this.#held.release();
  }

  close(): void {
    this.#publication.close("lost");
  }
}

/** Frames held for a track of the other kind, at most. */
const MOST_HELD = 1000;

/**
 * Holds frames until there is a track of every kind that was ordered. An encoder of pictures under load gives its first seconds after that of sound: a
 * publication would take what is there as all there is, and begin without it.
 */
class HeldFrames implements FrameSink {
  readonly #sink: FrameSink;
  readonly #missing: Set<TrackKind>;
  #held: (SourceFrame | Track)[] | undefined = [];

  constructor(sink: FrameSink, { video, audio }: { readonly video: boolean; readonly audio: boolean }) {
    this.#sink = sink;
    this.#missing = new Set([...(video ? [TrackKind.video] : []), ...(audio ? [TrackKind.audio] : [])]);
  }

  /** What was ordered is known better. */
  announce(): void {}

  metadata(values: Metadata): void {
    this.#sink.metadata(values);
  }

  track(track: Track): void {
    if (this.#held === undefined) return this.#sink.track(track);
    this.#held.push(track);
    this.#missing.delete(track.kind);
  }

  frame(frame: SourceFrame): void {
    if (this.#held === undefined) return this.#sink.frame(frame);
    this.#held.push(frame);
    if (this.#missing.size === 0 || this.#held.length > MOST_HELD) this.release();
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const each of held) {
      if ("track" in each) this.#sink.frame(each);
      else this.#sink.track(each);
    }
  }
}
