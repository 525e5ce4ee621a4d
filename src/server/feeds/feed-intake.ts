import { ProtocolError } from "../../bytes/protocol-error.ts";
import { FfmDemuxer } from "../../containers/ffm/demuxer.ts";
import type { FfmHeader } from "../../containers/ffm/header.ts";
import type { Demuxer, FrameSink } from "../../media/demuxer.ts";
import { ffmDemuxerFormat } from "../containers/demuxer-format.ts";
import type { DemuxerRegistry } from "../containers/demuxer-registry.ts";
import type { Feed } from "./feed-directory.ts";

/** Reads what an encoder posts to a feed: any container, told by its media type, else by its beginning. FFM has to be what the feed asked for. */
export function feedDemuxer(feed: Feed, demuxers: DemuxerRegistry, type: string, sink: FrameSink): Demuxer {
  const ffm = {
    ...ffmDemuxerFormat,
    demuxer: (to: FrameSink) => new FfmDemuxer(to, { header: (header) => checkHeader(feed, header) }),
  };
  return demuxers.openWith(ffm, type, sink);
}

/** @throws ProtocolError in ffserver's words where an encoder sends something else than it was asked for */
function checkHeader({ name, encodings }: Feed, { streams }: FfmHeader): void {
  if (encodings.length === 0) return;
  if (streams.length !== encodings.length) {
    const counts = `${streams.length}, where ${encodings.length} are asked for`;
    throw new ProtocolError("malformed", `Feed '${name}' stream number does not match registered feed: ${counts}`);
  }
  for (const [place, { codec }] of encodings.entries()) {
    const sent = streams[place]!.codecId;
    if (sent === codec.id) continue;
    throw new ProtocolError(
      "malformed",
      `Feed '${name}': stream ${place} is of codec ${sent}, where ${codec.name} (${codec.id}) is asked for`,
    );
  }
}
