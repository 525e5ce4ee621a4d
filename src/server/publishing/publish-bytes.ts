import { ProtocolError } from "../../bytes/protocol-error.ts";
import { FlvDemuxer } from "../../containers/flv/demuxer.ts";
import { Fmp4Demuxer } from "../../containers/fmp4/demuxer.ts";
import { streamName } from "../../hub/identity.ts";
import type { Hub } from "../../hub/hub.ts";
import type { Publication, PublicationEnd } from "../../hub/publication.ts";
import type { Demuxer, FrameSink } from "../../media/demuxer.ts";
import { type ByteSource, byteSource, type MediaInput } from "./byte-source.ts";
import { PacedSink } from "./paced-sink.ts";
import { programPublisher, refusalOfEnd } from "./program-publisher.ts";
import { unlessAborted } from "./wait.ts";

/** Containers that can be published: FLV, and fragmented MP4 (`ffmpeg -movflags empty_moov+default_base_moof+frag_keyframe`). */
export const InputFormat = { flv: "flv", mp4: "mp4" } as const;
export type InputFormat = (typeof InputFormat)[keyof typeof InputFormat];

/** How an input is published. */
export interface PublishOptions {
  readonly format: InputFormat;
  /** Stops: the stream ends as if the input had, and `publish` rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /**
   * `asSent` (by default) for input that comes as it happens: every frame goes out when it arrives. `realtime` for files: frames go
   * out at the pace of their time stamps, and the input is read no faster.
   */
  readonly pace?: "asSent" | "realtime";
}

const demuxers: Readonly<Record<InputFormat, (sink: FrameSink) => Demuxer>> = {
  flv: (sink) => new FlvDemuxer(sink),
  mp4: (sink) => new Fmp4Demuxer(sink),
};

/** Far longer than anybody waits: the timer is there to be there. */
const longestInterval = 0x7fff_ffff;

/** Publishes an input until it ends. Whatever way that is, the input is closed. Rejects as `MillraceServer.publish` says. */
export async function publishBytes(hub: Hub, name: string, input: MediaInput, options: PublishOptions): Promise<void> {
  const { format, signal, pace = "asSent" } = options;
  if (!Object.hasOwn(demuxers, format)) throw new TypeError(`format is one of ${Object.keys(demuxers).join(", ")}`);
  if (pace !== "asSent" && pace !== "realtime") throw new TypeError("pace is asSent or realtime");
  const source = byteSource(input);
  // The hub's timers keep no process alive; a file that plays should.
  const alive = setInterval(() => undefined, longestInterval);
  let publication: Publication | undefined;
  try {
    signal?.throwIfAborted();
    publication = hub.publish(streamName(name), programPublisher());
    const over = signal === undefined ? publication.signal : AbortSignal.any([publication.signal, signal]);
    const paced = pace === "realtime" ? new PacedSink(publication, hub.scheduler) : undefined;
    await read(source, demuxers[format](paced ?? publication), over, paced);
    publication.close("unpublished");
  } catch (cause) {
    const error = publication?.end === undefined ? cause : refusalOfEnd(publication.end, name);
    publication?.close(signal?.aborted === true ? "unpublished" : endAfter(error));
    source.cancel(error);
    throw error;
  } finally {
    clearInterval(alive);
  }
}

async function read(source: ByteSource, demuxer: Demuxer, over: AbortSignal, paced: PacedSink | undefined): Promise<void> {
  for (;;) {
    const piece = await unlessAborted(source.next(), over);
    over.throwIfAborted();
    if (piece === undefined) break;
    demuxer.push(piece);
    await paced?.drain(over);
  }
  demuxer.end();
}

function endAfter(error: unknown): PublicationEnd {
  return error instanceof ProtocolError && error.code !== "truncated" ? "refused" : "lost";
}
