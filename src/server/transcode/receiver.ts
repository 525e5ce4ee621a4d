import { FlvDemuxer } from "../../containers/flv/demuxer.ts";
import { MatroskaDemuxer } from "../../containers/matroska/demuxer.ts";
import type { Container } from "../../hub/container-output.ts";
import { Publication } from "../../hub/publication.ts";
import type { Scheduler } from "../../hub/scheduler.ts";
import type { Stream } from "../../hub/stream.ts";
import type { Demuxer } from "../../media/demuxer.ts";
import { Sap } from "../../media/frame.ts";
import type { Muxer, MuxerSink } from "../../media/muxer.ts";
import type { DataTrack, Generation } from "../../media/track.ts";
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
  readonly #demuxer: Demuxer;

  constructor({ encodings }: Wanted, stream: Stream, scheduler: Scheduler) {
    const info = { protocol: "ffmpeg", address: "", encoder: "" };
    this.#publication = new Publication(stream, scheduler, info, stream.timeline.current === undefined ? "start" : "reconnect");
    stream.attach(this.#publication);
    const container = framesContainer(encodings);
    this.#demuxer = container === "flv" ? new FlvDemuxer(this.#publication) : new MatroskaDemuxer(this.#publication);
    this.#publication.announce({ video: encodings.video !== undefined, audio: encodings.audio !== undefined });
  }

  push(piece: Uint8Array): void {
    this.#demuxer.push(piece);
  }

  end(): void {
    this.#demuxer.end();
  }

  close(): void {
    this.#publication.close("lost");
  }
}
