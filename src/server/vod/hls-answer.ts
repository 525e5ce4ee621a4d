import { segmentBytes, segmentsInit } from "../../containers/fmp4/file-segments.ts";
import type { MediaIndex } from "../../media/media-index.ts";
import { PlaylistSender } from "../../protocols/hls/hls-answer.ts";
import { carriedQuery } from "../../protocols/hls/carried-query.ts";
import { send, type VodExchange } from "./file-answer.ts";
import { type HlsPlan, multivariantOf, planHls, playlistOf } from "./hls-plan.ts";
import { missing, type VodAddress } from "./vod-address.ts";
import type { VodFile } from "./vod-folders.ts";

/** What of a file's HLS is asked for. */
export type VodHlsPart =
  | { readonly kind: "multivariant" }
  | { readonly kind: "playlist"; readonly version: string; readonly rendition: string }
  | { readonly kind: "init"; readonly version: string; readonly rendition: string }
  | { readonly kind: "segment"; readonly version: string; readonly rendition: string; readonly number: number };

/** Seconds that a playlist is kept, and media, whose URIs never stand for anything else. */
const playlistAge = 60;
const mediaAge = "max-age=31536000, immutable";

/**
 * What a path below a file means: `film.mp4.m3u8`, `film.mp4/hls-VERSION/v1.m3u8`, `film.mp4/hls-VERSION/v1/init.mp4` and `…/0.m4s`. Undefined for
 * what is nothing of HLS.
 */
export function readHlsNames({ folder, names }: VodAddress): { readonly file: VodAddress; readonly part: VodHlsPart } | undefined {
  const last = names.at(-1)!;
  if (last.endsWith(".m3u8") && last.length > 5) {
    const playlist = /^([va]\d{1,10})\.m3u8$/.exec(last);
    const version = versionOf(names.at(-2));
    if (playlist !== null && version !== undefined && names.length > 2)
      return { file: { folder, names: names.slice(0, -2) }, part: { kind: "playlist", version, rendition: playlist[1]! } };
    return { file: { folder, names: [...names.slice(0, -1), last.slice(0, -5)] }, part: { kind: "multivariant" } };
  }
  const media = /^(?:(init)\.mp4|(\d{1,7})\.m4s)$/.exec(last);
  const version = versionOf(names.at(-3));
  const rendition = names.at(-2) ?? "";
  if (media === null || version === undefined || names.length < 4 || !/^[va]\d{1,10}$/.test(rendition)) return undefined;
  const file = { folder, names: names.slice(0, -3) };
  return {
    file,
    part: media[1] === undefined ? { kind: "segment", version, rendition, number: Number(media[2]) } : { kind: "init", version, rendition },
  };
}

function versionOf(name = ""): string | undefined {
  return /^hls-([a-z\d-]{1,80})$/.exec(name)?.[1];
}

/** Files as HLS, cut on the fly. */
export class VodHls {
  readonly #plans = new WeakMap<MediaIndex, HlsPlan>();
  readonly #playlists = new PlaylistSender();

  /** @param query of the request @throws {Refusal} `not-found` for what is not there, or no longer: the file has changed */
  async answer(
    exchange: VodExchange,
    { file, index, part }: { file: VodFile; index: MediaIndex; part: VodHlsPart },
    query: URLSearchParams,
  ): Promise<void> {
    const { request, response, headers } = exchange;
    const plan = this.#plan(index);
    const carried = carriedQuery(query.toString());
    if (part.kind === "multivariant") {
      const below = `./${encodeURIComponent(file.address.names.at(-1)!)}/hls-${file.version}`;
      const text = multivariantOf(plan, (rendition) => `${below}/${rendition}.m3u8${carried}`);
      return this.#playlists.send(request, response, text, playlistAge, headers);
    }
    const cut = plan.get(part.rendition);
    if (part.version !== file.version || cut === undefined) throw missing();
    if (part.kind === "playlist") {
      const { rendition } = part;
      const text = playlistOf(cut, (what) => `${rendition}/${what === "init" ? "init.mp4" : `${what}.m4s`}${carried}`);
      return this.#playlists.send(request, response, text, playlistAge, headers);
    }
    if (part.kind === "segment" && part.number >= cut.segments.length) throw missing();
    response.writeHead(200, { ...headers, "Content-Type": `${cut.track.kind}/mp4`, "Cache-Control": mediaAge });
    if (request.method === "HEAD") return void response.end();
    if (part.kind === "init") return void response.end(segmentsInit(cut));
    await send(response, segmentBytes(cut, part.number, file.read));
  }

  #plan(index: MediaIndex): HlsPlan {
    const known = this.#plans.get(index);
    if (known !== undefined) return known;
    const plan = planHls(index);
    this.#plans.set(index, plan);
    return plan;
  }
}
