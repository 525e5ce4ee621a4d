/** What an ffserver.conf amounts to as settings of ours: what `millrace import` prints and `millrace -f` runs with. */
import { resolve } from "node:path";
import type { Source } from "../config/source.ts";
import { servedAs } from "../transcode/formats.ts";
import type { AclRow } from "./acl.ts";
import type { ConfFeed, ConfStream, FfserverConf } from "./conf-model.ts";
import { feedLayout } from "./feed-streams.ts";
import type { ParsedConf } from "./parse-conf.ts";

/** Settings as they are written in YAML. */
type Written = Readonly<Record<string, unknown>>;

/** Seconds that a preroll, and a viewer's longest time, may have. */
const longestPreroll = 86_400;
const longestTime = 3_600_000;

/** The settings of a file that was read without mistakes; nothing that is the default stands in them. */
export function confSettings(conf: FfserverConf): Written {
  const { http, maxHttpConnections, maxClients, maxBandwidth, customLog } = conf;
  return {
    // ffserver had one port, and no keys.
    rtmp: { enabled: false },
    http: http.port === undefined ? { enabled: false } : { host: http.host, port: http.port, maxConnections: maxHttpConnections },
    viewers: { max: maxClients, maxReplays: maxClients, maxBandwidth },
    ...(customLog !== undefined && { log: { access: customLog } }),
    // Whoever wrote such a Format wants it.
    ...(conf.streams.some(needsFfmpeg) && { transcode: { enabled: true } }),
    feedsOnly: true,
    ...group("feeds", conf.feeds, (feed) => feedSettings(feed, conf.streams)),
    ...group("outputs", conf.streams.filter(isServed), (stream) => outputSettings(stream, conf)),
    ...group("redirects", conf.redirects, ({ url }) => url),
  };
}

/** The same as one of the origins that settings have; what is wrong with them is told by the file's lines. */
export function confSource({ conf, notes }: ParsedConf): Source {
  const sections: Readonly<Record<string, readonly { readonly name: string; readonly line: number }[]>> = {
    feeds: conf.feeds,
    outputs: conf.streams,
    redirects: conf.redirects,
  };
  return {
    settings: confSettings(conf),
    place([kind, name]) {
      const line = sections[String(kind)]?.find((section) => section.name === name)?.line;
      return { kind: "file", name: notes.file, ...(line !== undefined && { line }) };
    },
  };
}

/** A stream that comes from nowhere is warned of when the file is read. */
export function isServed({ source }: ConfStream): boolean {
  return source.kind !== "none";
}

/** Whether a stream is of a format that FFmpeg makes. */
function needsFfmpeg({ source, format, encodings }: ConfStream): boolean {
  if (source.kind !== "feed" || format === undefined) return false;
  return (
    servedAs(
      format,
      encodings.some(({ codec }) => codec.kind === "video"),
    )?.by === "transcode"
  );
}

function group<Section extends { readonly name: string }>(
  key: string,
  sections: readonly Section[],
  settings: (section: Section) => unknown,
): Written {
  return sections.length === 0 ? {} : { [key]: Object.fromEntries(sections.map((section) => [section.name, settings(section)])) };
}

function feedSettings(feed: ConfFeed, streams: readonly ConfStream[]): Written {
  const { encodings } = feedLayout(feed.name, streams);
  return {
    ...(feed.hasFile &&
      !feed.readOnly && {
        file: `${resolve(feed.file)}.ring`,
        maxSize: `${ringSize(feed.maxSize)}MiB`,
        ...(feed.truncate && { truncate: true }),
      }),
    ...(feed.acl.length > 0 && { acl: feed.acl.map(rowText) }),
    ...(feed.readOnly && { file: resolve(feed.file), readOnly: true }),
    ...(encodings.length > 0 && {
      encodings: encodings.map(({ codec, options }) => ({ codec: codec.name, options: Object.fromEntries(options) })),
    }),
    ...(feed.launch.length > 0 && { launch: feed.launch }),
  };
}

/** Mebibytes of a ring file of ours, which has one at least. */
function ringSize(bytes: number): number {
  return Math.min(1024 * 1024, Math.max(1, Math.ceil(bytes / 1024 ** 2)));
}

function outputSettings(stream: ConfStream, { streams }: FfserverConf): Written {
  const { source, format, preroll, maxTime, metadata, acl, dynamicAcl } = stream;
  return {
    ...(source.kind === "feed" && feedPart(stream, source.feed, streams)),
    ...(source.kind === "file" && { file: source.path, ...(source.inputFormat !== undefined && { inputFormat: source.inputFormat }) }),
    ...(source.kind === "status" ? { format: "status" } : format !== undefined && { format }),
    ...(source.kind === "status" && source.faviconUrl !== undefined && { faviconUrl: source.faviconUrl }),
    ...(metadata.size > 0 && { metadata: Object.fromEntries(metadata) }),
    ...(preroll > 0 && { preroll: milliseconds(preroll, longestPreroll) }),
    ...(maxTime > 0 && { maxTime: milliseconds(maxTime, longestTime) }),
    ...(acl.length > 0 && { acl: acl.map(rowText) }),
    ...(dynamicAcl !== undefined && { dynamicAcl }),
    ...(stream.bitExact && { hideCounts: true }),
  };
}

/** The feed, and which of its encodings are taken, from 1: all of them where nothing is said. */
function feedPart({ name }: ConfStream, feed: string, streams: readonly ConfStream[]): Written {
  const { encodings, uses } = feedLayout(feed, streams);
  const taken = uses.get(name) ?? [];
  return { feed, ...(taken.length < encodings.length && { encodings: taken.map((place) => place + 1) }) };
}

function milliseconds(seconds: number, most: number): string {
  return `${Math.round(Math.min(seconds, most) * 1000)}ms`;
}

function rowText({ action, first, last }: AclRow): string {
  return first === last ? `${action} ${first}` : `${action} ${first} ${last}`;
}
