import type { IncomingHttpHeaders } from "node:http";
import { streamAddress } from "../../hub/identity.ts";
import type { Demuxer, FrameSink } from "../../media/demuxer.ts";
import type { DemuxerRegistry } from "../containers/demuxer-registry.ts";
import { HttpProblem } from "./http-problem.ts";
import type { Target } from "./target.ts";

/** A stream that somebody wants to publish, and as what it comes. */
export interface PublishTarget {
  readonly name: string;
  /** @param type the media type that it says; if not given, that of the request */
  readonly demuxer: (sink: FrameSink, type?: string) => Demuxer;
  readonly paced: boolean;
}

/** What a publisher says its bytes are: what it names as their type, else the end of the path. */
type Saying = Pick<IncomingHttpHeaders, "content-type" | "content-encoding">;

/**
 * The stream behind `/APP/STREAM`, with or without an extension that says what comes.
 *
 * @throws {Refusal} `name-refused`; HttpProblem for a query or a coding that means nothing
 */
export function publishTarget({ path, query }: Target, saying: Saying, demuxers: DemuxerRegistry): PublishTarget {
  const found = demuxers.ofPath(path);
  const { name } = streamAddress(found?.stem ?? path);
  const coding = saying["content-encoding"] ?? "identity";
  if (coding.toLowerCase() !== "identity")
    throw new HttpProblem(415, "bad-coding", `Media are taken as they are, not with Content-Encoding: ${coding}.`);
  return {
    name,
    demuxer(sink, type = saying["content-type"] ?? "") {
      const format = demuxers.ofMimeType(type) ?? found?.format;
      return format === undefined ? demuxers.open(undefined, sink) : demuxers.declared(format, sink);
    },
    paced: paceOf(query) === "realtime",
  };
}

function paceOf(query: string): "realtime" | "fast" {
  const pace = new URLSearchParams(query).get("pace") ?? "realtime";
  if (pace !== "realtime" && pace !== "fast") throw new HttpProblem(400, "bad-query", "?pace= takes realtime or fast.");
  return pace;
}
