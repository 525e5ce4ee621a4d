/**
 * The paths of a stream's playlists and media, both ways. Below `/APP/STREAM/hls-ID.EPOCH/`: ID is the timeline's and never comes again, EPOCH rises
 * when tracks come or go; of what is made of it, RUN rises whenever it is made anew, so that no URI ever stands for other bytes.
 */

/** What a path asks for. */
export type HlsResource =
  | { readonly kind: "multivariant"; readonly prefix: string }
  | ({ readonly kind: "playlist" } & RenditionPath)
  | ({ readonly kind: "segment" | "part" | "init"; readonly run: number; readonly number: number } & RenditionPath);

export interface RenditionPath {
  /** Id of the timeline. */
  readonly id: string;
  readonly epoch: number;
  readonly rendition: string;
}

export interface HlsPath {
  /** The path of the stream, as it was written. */
  readonly stem: string;
  readonly resource: HlsResource;
}

/** A stream may be called `live/index`: what is inside of one has a path of three parts. */
const INSIDE = /^(\/.+\/.+)\/(?:index|playlist)\.m3u8$/s;
const BESIDE = /^(.+)\.m3u8$/s;
const RENDITION =
  /^(.+)\/hls-([a-z0-9]{1,12}-[a-z0-9]{1,11})\.(\d{1,9})\/(v\d{1,10}|a\d{1,10}|mux|ts)(?:\.m3u8|\/(\d{1,9})\/(s|p|i)(\d{1,15})\.(?:m4s|mp4|ts))$/s;
const kinds = { s: "segment", p: "part", i: "init" } as const;

/** Undefined for a path that is none of HLS. */
export function readHlsPath(path: string): HlsPath | undefined {
  const deep = RENDITION.exec(path);
  if (deep !== null) {
    const [, stem, id, epoch, rendition, run, kind, number] = deep as unknown as [
      string,
      string,
      string,
      string,
      string,
      string?,
      string?,
      string?,
    ];
    const where = { id, epoch: Number(epoch), rendition };
    if (kind === undefined) return { stem, resource: { kind: "playlist", ...where } };
    return { stem, resource: { kind: kinds[kind as keyof typeof kinds], run: Number(run), number: Number(number), ...where } };
  }
  const inside = INSIDE.exec(path)?.[1];
  if (inside !== undefined) return { stem: inside, resource: { kind: "multivariant", prefix: "" } };
  const stem = BESIDE.exec(path)?.[1];
  if (stem === undefined || stem.endsWith("/")) return undefined;
  return { stem, resource: { kind: "multivariant", prefix: `${stem.slice(stem.lastIndexOf("/") + 1)}/` } };
}

/** Of a rendition's playlist, relative to the multivariant one. */
export function playlistUri(prefix: string, { id, epoch, rendition }: RenditionPath): string {
  // A first segment with a colon would be a scheme (RFC 3986 4.2).
  return `${prefix.includes(":") ? "./" : ""}${prefix}hls-${id}.${epoch}/${rendition}.m3u8`;
}

/** Of media, relative to the rendition's playlist. */
export function mediaUri(rendition: string, run: number, kind: "segment" | "part" | "init", number: number): string {
  const extension = rendition === "ts" ? "ts" : kind === "init" ? "mp4" : "m4s";
  return `${rendition}/${run}/${kind[0]}${number}.${extension}`;
}
