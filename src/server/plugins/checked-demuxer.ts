import type { Demuxer, FrameSink } from "../../media/demuxer.ts";
import type { DemuxerFormat } from "../containers/demuxer-format.ts";
import type { Log } from "../log.ts";
import { CheckedSink } from "./checked-sink.ts";
import { asOwnError } from "./own-errors.ts";

/** A plug-in's demuxer, whose frames are checked, and which others' inputs do not notice when it fails. */
export function checkedDemuxer(format: DemuxerFormat, log: Log): DemuxerFormat {
  return {
    ...format,
    ...(format.sniff && { sniff: (head) => sniffed(format, head, log) }),
    demuxer: (sink) => new CheckedDemuxer(format, new CheckedSink(sink)),
  };
}

/** Asked about every input of which nobody says what it is. */
function sniffed(format: DemuxerFormat, head: Uint8Array, log: Log): boolean | undefined {
  try {
    const answer: unknown = format.sniff!(head);
    return answer === undefined ? undefined : answer === true;
  } catch (err) {
    log.error({ err, demuxer: format.name }, "a demuxer could not tell whether an input is its own");
    return false;
  }
}

/** Made with the first bytes, so that whoever pushes them hears what is wrong. */
class CheckedDemuxer implements Demuxer {
  readonly #format: DemuxerFormat;
  readonly #sink: FrameSink;
  #demuxer: Demuxer | undefined;

  constructor(format: DemuxerFormat, sink: FrameSink) {
    this.#format = format;
    this.#sink = sink;
  }

  get position(): number | undefined {
    return this.#demuxer?.position;
  }

  push(piece: Uint8Array): void {
    this.#call((demuxer) => demuxer.push(piece));
  }

  end(): void {
    this.#call((demuxer) => demuxer.end());
  }

  #call(call: (demuxer: Demuxer) => void): void {
    try {
      this.#demuxer ??= this.#format.demuxer(this.#sink);
      call(this.#demuxer);
    } catch (error) {
      throw asOwnError(error);
    }
  }
}
