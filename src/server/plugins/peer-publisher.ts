import type { AccessQuestion } from "../../hub/access.ts";
import type { Publication, PublicationEnd } from "../../hub/publication.ts";
import type { Demuxer, FrameSink } from "../../media/demuxer.ts";
import type { DemuxerRegistry } from "../containers/demuxer-registry.ts";
import { CheckedSink } from "./checked-sink.ts";

/** Who wants to publish or watch by a plug-in's protocol, and what is known of them. */
export interface PeerRequest extends Partial<Omit<AccessQuestion, "stream" | "address">> {
  /** The name asked for, not percent-encoded: `live/cam`. */
  readonly stream: string;
  /** IP address, or "" for somebody inside this process. */
  readonly address: string;
  /** Aborted when the peer is gone: what it published is lost, what it watched ends. */
  readonly signal?: AbortSignal;
}

/**
 * A peer that publishes: told of tracks and frames in the order in which they come, by a demuxer or by the protocol itself. What it is told
 * after its end changes nothing. It throws a `TypeError` for what is no track or no frame.
 */
export interface PeerPublisher extends FrameSink, Disposable {
  /** The stream's identity, as it was granted. */
  readonly stream: string;
  /** Aborted when it is over, whoever ended it. */
  readonly signal: AbortSignal;
  /** Why it is over; undefined while it goes on. */
  readonly end: PublicationEnd | undefined;
  /**
   * A demuxer that tells it what is in a peer's bytes. What that throws, a `ProtocolError` for bytes that are not of the format, ends nothing by
   * itself: `close("refused")` does.
   *
   * @param format the name of a demuxer of the server's (`flv`, `mp4`, one that a plug-in added); the first bytes tell if not given
   * @throws TypeError for a format that is not known
   */
  demuxer(format?: string): Demuxer;
  /**
   * Ends it; `unpublished` if not given, which ends the stream at once. After `lost` the viewers wait for the publisher to come back; the
   * same after `refused`, for a peer that broke the rules. Calling it again changes nothing.
   */
  close(end?: "unpublished" | "lost" | "refused"): void;
}

/** A peer's hold on a publication. */
export class HubPeerPublisher extends CheckedSink implements PeerPublisher {
  readonly stream: string;
  readonly #publication: Publication;
  readonly #demuxers: DemuxerRegistry;

  /** @param gone aborted when the peer has left */
  constructor(stream: string, publication: Publication, demuxers: DemuxerRegistry, gone: AbortSignal | undefined) {
    super(publication);
    this.stream = stream;
    this.#publication = publication;
    this.#demuxers = demuxers;
    if (gone?.aborted === true) this.close("lost");
    gone?.addEventListener("abort", () => this.close("lost"), { signal: publication.signal });
  }

  get signal(): AbortSignal {
    return this.#publication.signal;
  }

  get end(): PublicationEnd | undefined {
    return this.#publication.end;
  }

  demuxer(format?: string): Demuxer {
    return this.#demuxers.open(format, this.#publication);
  }

  close(end: "unpublished" | "lost" | "refused" = "unpublished"): void {
    this.#publication.close(end);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
