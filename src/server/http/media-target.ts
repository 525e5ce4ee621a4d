import { carriedByFmp4 } from "../../containers/fmp4/carried.ts";
import { mp4CodecString } from "../../containers/fmp4/description.ts";
import { fmp4Muxer } from "../../containers/fmp4/muxer.ts";
import { flvMuxer } from "../../containers/flv/muxer.ts";
import type { Container } from "../../hub/container-output.ts";
import { streamAddress } from "../../hub/identity.ts";
import { type Generation, TrackKind } from "../../media/track.ts";
import { HttpProblem } from "./http-problem.ts";
import type { Target } from "./target.ts";

/** A stream in a container, as a URL asks for it: what both egresses over HTTP take. */
export interface MediaTarget {
  readonly name: string;
  readonly container: Container;
  headers(generation: Generation): Readonly<Record<string, string>>;
}

/** Which tracks a viewer wants: `?only=video`, `?only=audio`, else both. */
interface Wanted {
  readonly video: boolean;
  readonly audio: boolean;
}

/** Whether a path is that of a stream in one of our containers. */
export function isMediaPath(path: string): boolean {
  return /\.(flv|mp4)$/.test(path);
}

/**
 * The stream behind `/APP/STREAM.flv` and `/APP/STREAM.mp4`.
 *
 * @throws {Refusal} `name-refused`; HttpProblem for a query that means nothing
 */
export function mediaTarget({ path, query }: Target): MediaTarget {
  const { name } = streamAddress(path.slice(0, -".flv".length));
  const params = new URLSearchParams(query);
  const wanted = wantedTracks(params);
  return path.endsWith(".flv") ? flvTarget(name, wanted, params) : mp4Target(name, wanted);
}

function wantedTracks(params: URLSearchParams): Wanted {
  const only = params.get("only");
  if (only === null) return { video: true, audio: true };
  if (only !== "video" && only !== "audio") throw new HttpProblem(400, "bad-query", "?only= takes video or audio.");
  return { video: only === "video", audio: only === "audio" };
}

function keyOf(container: string, { video, audio }: Wanted, variant = ""): string {
  return [container, video ? "v" : "", audio ? "a" : "", variant].join(":");
}

function flvTarget(name: string, wanted: Wanted, params: URLSearchParams): MediaTarget {
  const hevc = params.get("hevc");
  if (hevc !== null && hevc !== "legacy" && hevc !== "enhanced")
    throw new HttpProblem(400, "bad-query", "?hevc= takes legacy or enhanced.");
  const container = { key: keyOf("flv", wanted, hevc ?? "enhanced"), muxer: flvMuxer({ ...wanted, signalling: hevc ?? "enhanced" }) };
  return { name, container, headers: () => ({ "Content-Type": "video/x-flv" }) };
}

function mp4Target(name: string, wanted: Wanted): MediaTarget {
  const container = { key: keyOf("mp4", wanted), muxer: fmp4Muxer(wanted) };
  return { name, container, headers: (generation) => mp4Headers(generation, wanted) };
}

/** `Content-Type` with its codecs parameter (RFC 6381), and the same alone for who finds that easier to read. */
function mp4Headers(generation: Generation, wanted: Wanted): Record<string, string> {
  const codecs: string[] = [];
  let hasVideo = false;
  for (const track of generation.tracks) {
    if (track.kind === TrackKind.data || !wanted[track.kind] || carriedByFmp4(track) !== undefined) continue;
    codecs.push(mp4CodecString(track));
    hasVideo ||= track.kind === TrackKind.video;
  }
  const list = codecs.join(",");
  return { "Content-Type": `${hasVideo ? "video" : "audio"}/mp4; codecs="${list}"`, "X-Codecs": list };
}
