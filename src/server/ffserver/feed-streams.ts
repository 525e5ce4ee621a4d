import { writeHeader } from "../../containers/ffm/header.ts";
import type { FfmStream } from "../../containers/ffm/stream-info.ts";
import type { ConfEncoding, ConfStream } from "./conf-model.ts";
import { isGenericOption } from "./lavc.ts";

/** What a feed's encoder has to deliver, and which streams take what of it. */
export interface FeedLayout {
  /** In the order in which FFM numbers them. */
  readonly encodings: readonly ConfEncoding[];
  /** Of every stream of the feed, by name, the places in `encodings` that it takes. A stream that hands the feed on as it is takes all. */
  readonly uses: ReadonlyMap<string, readonly number[]>;
}

/**
 * Derives what a feed consists of from the streams that are made of it: encodings that two streams ask for alike are made once. Their order is that
 * of their first appearance.
 *
 * @param streams all streams of a configuration, in its order
 */
export function feedLayout(feed: string, streams: readonly ConfStream[]): FeedLayout {
  const encodings: ConfEncoding[] = [];
  const uses = new Map<string, readonly number[]>();
  const own = streams.filter(({ source }) => source.kind === "feed" && source.feed === feed);
  for (const { name, encodings: wanted } of own) {
    const places = wanted.map((encoding) => {
      const known = encodings.findIndex((each) => isSame(each, encoding));
      return known >= 0 ? known : encodings.push(encoding) - 1;
    });
    uses.set(name, places);
  }
  const all = encodings.keys().toArray();
  for (const { name, format } of own) if (format === "ffm") uses.set(name, all);
  return { encodings, uses };
}

/** Whether one encoding serves for both: options beside these are the first one's. */
function isSame(a: ConfEncoding, b: ConfEncoding): boolean {
  if (a.codec.id !== b.codec.id || a.bitRate !== b.bitRate) return false;
  if (a.codec.kind === "audio") return a.channels === b.channels && a.sampleRate === b.sampleRate;
  return a.width === b.width && a.height === b.height && a.timeBase === b.timeBase && a.gop === b.gop;
}

/** Codecs that cannot be decoded without what FFmpeg 3.1 only writes into an FFM header when it is told so. */
const needsGlobalHeader: ReadonlySet<string> = new Set(["aac", "vorbis", "theora", "flac", "opus", "wmav1", "wmav2", "wmv2"]);

/** What an encoder is asked for. */
export type AskedEncoding = Pick<ConfEncoding, "codec" | "bitRate" | "options">;

/** The header with which `GET /FEED` answers, from which an encoder learns what to send. @throws RangeError beyond `MAX_STREAMS` encodings */
export function feedHeader(encodings: readonly AskedEncoding[]): Uint8Array {
  return writeHeader(encodings.map(askedOf));
}

function askedOf({ codec, bitRate, options }: AskedEncoding): FfmStream {
  const told = new Map(options);
  const flags = told.get("flags") ?? "";
  if (needsGlobalHeader.has(codec.name) && !flags.includes("global_header")) told.set("flags", `${flags}+global_header`);
  const entries = [...told];
  return {
    codecId: codec.id,
    kind: codec.kind,
    bitRate,
    extradata: new Uint8Array(0),
    options: new Map(entries.filter(([name]) => isGenericOption(name))),
    privateOptions: new Map(entries.filter(([name]) => !isGenericOption(name))),
  };
}
