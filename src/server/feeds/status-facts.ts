import type { Hub } from "../../hub/hub.ts";
import { codecNames } from "../../media/codec-name.ts";
import type { Track } from "../../media/track.ts";
import type { AskedEncoding } from "../ffserver/feed-streams.ts";
import type { Connection } from "./connection-list.ts";
import type { Feed, FeedOutput } from "./feed-directory.ts";
import type { FeedService } from "./feed-service.ts";

/** One row of the streams there are. */
export interface StreamFacts {
  readonly name: string;
  /** Where its link leads. */
  readonly link: string;
  readonly connections: number;
  readonly bytes: number;
  /** Undefined for what is no stream: the status page, a redirect. */
  readonly media: MediaFacts | undefined;
}

/** Bit rates in kbit/s, codecs by their names. */
export interface MediaFacts {
  readonly format: string;
  readonly bitRate: number;
  readonly video: { readonly bitRate: number; readonly codec: string };
  readonly audio: { readonly bitRate: number; readonly codec: string };
  /** A feed's name, or that it is a file. */
  readonly from: string;
}

export interface EncodingFacts {
  readonly kind: string;
  readonly bitRate: number;
  readonly codec: string;
  readonly parameters: string;
}

export interface FeedFacts {
  readonly name: string;
  readonly pid: number | undefined;
  /** `live`, `reconnecting`, … ; `idle` where nobody publishes. */
  readonly state: string;
  readonly publisher: string;
  /** What comes, in kbit/s. */
  readonly rate: number;
  readonly encodings: readonly EncodingFacts[];
}

/** All that a status page shows. */
export interface StatusFacts {
  readonly streams: readonly StreamFacts[];
  readonly feeds: readonly FeedFacts[];
  readonly connections: readonly Connection[];
  readonly maxConnections: number;
  /** In kbit/s; a limit of 0 is none. */
  readonly bandwidth: { readonly used: number; readonly limit: number };
  /** Unix milliseconds. */
  readonly at: number;
}

export function statusFacts(service: FeedService, hub: Hub): StatusFacts {
  const { directory, connections, bandwidth, maxViewers } = service;
  const redirects = [...directory.redirects.keys()].map((name) => ({ name, link: name, ...connections.served(name), media: undefined }));
  return {
    streams: [...[...directory.outputs.values()].map((output) => streamFacts(output, service)), ...redirects],
    feeds: [...directory.feeds.values()].map((feed) => feedFacts(feed, hub, service.pidOf(feed.name))),
    connections: connections.list(),
    maxConnections: maxViewers,
    bandwidth: { used: bandwidth.used, limit: bandwidth.limit },
    at: hub.scheduler.wallClock(),
  };
}

function streamFacts(output: FeedOutput, { connections }: FeedService): StreamFacts {
  const { name, settings, feed, places, bandwidth } = output;
  const served = connections.served(name);
  if (settings.format === "status") return { name, link: name, ...served, media: undefined };
  const encodings = feed === undefined ? [] : (places?.flatMap((place) => feed.encodings[place] ?? []) ?? feed.encodings);
  const of = (kind: "video" | "audio") => {
    const own = encodings.filter(({ codec }) => codec.kind === kind);
    const last = own.at(-1)?.codec.name ?? "";
    return { bitRate: kilobits(own.reduce((sum, { bitRate }) => sum + bitRate, 0)), codec: own.length > 1 ? `${last}...` : last };
  };
  const media = {
    format: settings.format ?? "",
    bitRate: bandwidth,
    video: of("video"),
    audio: of("audio"),
    from: settings.file === undefined ? (settings.feed ?? "") : "a file",
  };
  return { name, link: linkOf(name), ...served, media };
}

/** Players of ASF and RealMedia are opened by a redirector. */
function linkOf(name: string): string {
  return name.replace(/\.asf$/, ".asx").replace(/\.rm$/, ".ram");
}

function feedFacts({ name, encodings }: Feed, hub: Hub, pid: number | undefined): FeedFacts {
  const stream = hub.streams.get(name);
  const { address = "", encoder = "" } = stream?.publication?.info ?? {};
  const tracks = stream?.timeline.current?.tracks;
  return {
    name,
    pid,
    state: stream?.state ?? "idle",
    publisher: [address, encoder].filter((text) => text !== "").join(", "),
    rate: kilobits(stream?.bitrate ?? 0),
    encodings: tracks === undefined ? encodings.map(askedFacts) : tracks.map(trackFacts),
  };
}

function askedFacts({ codec, bitRate, options }: AskedEncoding): EncodingFacts {
  const get = (name: string): string => options.get(name) ?? "";
  const [num = 1, den = 0] = get("time_base").split("/").map(Number);
  const parameters =
    codec.kind === "audio"
      ? [get("ac") && `${get("ac")} channel(s)`, get("ar") && `${get("ar")} Hz`]
      : [get("video_size"), get("qmin") && `q=${get("qmin")}-${get("qmax")}`, den > 0 && `fps=${Math.round((den / num) * 100) / 100}`];
  return { kind: codec.kind, bitRate: kilobits(bitRate), codec: codec.name, parameters: parameters.filter(Boolean).join(", ") };
}

function trackFacts(track: Track): EncodingFacts {
  const parameters =
    track.kind === "audio"
      ? `${track.channels} channel(s), ${track.sampleRate} Hz`
      : track.kind === "video"
        ? [track.width > 0 && `${track.width}x${track.height}`, track.frameRate > 0 && `fps=${Math.round(track.frameRate * 100) / 100}`]
            .filter(Boolean)
            .join(", ")
        : "";
  return { kind: track.kind, bitRate: kilobits(track.bitRate ?? 0), codec: codecNames[track.codec], parameters };
}

function kilobits(bits: number): number {
  return Math.ceil(bits / 1000);
}
