import { ProtocolError } from "../../bytes/protocol-error.ts";
import { streamName } from "../../hub/identity.ts";
import type { Hub } from "../../hub/hub.ts";
import type { Publication, PublicationEnd } from "../../hub/publication.ts";
import type { Demuxer } from "../../media/demuxer.ts";
import type { DemuxerRegistry } from "../containers/demuxer-registry.ts";
import { type ByteSource, byteSource, type MediaInput } from "./byte-source.ts";
import { PacedSink } from "../../hub/paced-sink.ts";
import { programPublisher, refusalOfEnd } from "./program-publisher.ts";
import { unlessAborted } from "../../hub/wait.ts";

/** How an input is published. */
export interface PublishOptions {
  /**
   * What the input is: `flv`, `mp4` (fragmented: `ffmpeg -movflags empty_moov+default_base_moof+frag_keyframe`, or with its moov box in front), `mpegts`, `matroska` (WebM too),
   * or the name of a demuxer that a plug-in adds. Not given: its first bytes tell.
   */
  readonly format?: string;
  /** Stops: the stream ends as if the input had, and `publish` rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /**
   * `asSent` (by default) for input that comes as it happens: every frame goes out when it arrives. `realtime` for files: frames go
   * out at the pace of their time stamps, and the input is read no faster.
   */
  readonly pace?: "asSent" | "realtime";
}

/** Where input goes, and what can be read. */
export interface PublishTarget {
  readonly hub: Hub;
  readonly demuxers: DemuxerRegistry;
}

/** Far longer than anybody waits: the timer is there to be there. */
const longestInterval = 0x7fff_ffff;

/** Publishes an input until it ends. Whatever way that is, the input is closed. Rejects as `MillraceServer.publish` says. */
export async function publishBytes(
  { hub, demuxers }: PublishTarget,
  name: string,
  input: MediaInput,
  options: PublishOptions = {},
): Promise<void> {
  const { format, signal, pace = "asSent" } = options;
  demuxers.check(format);
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
    await read(source, demuxers.open(format, paced ?? publication), over, paced);
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
  await paced?.drain(over);
}

function endAfter(error: unknown): PublicationEnd {
  return error instanceof ProtocolError && error.code !== "truncated" ? "refused" : "lost";
}
