import type { Container } from "../../hub/container-output.ts";
import { streamAddress } from "../../hub/identity.ts";
import type { ReplayOptions } from "../../hub/replay-place.ts";
import { Refusal } from "../../hub/refusal.ts";
import type { Generation } from "../../media/track.ts";
import type { ContainerFormat } from "../containers/container-format.ts";
import { carriedTracks, type ContainerRegistry, whyNotCarried } from "../containers/container-registry.ts";
import { containerFor, type ContainerVariant } from "../containers/container-variant.ts";
import { HttpProblem } from "./http-problem.ts";
import { replayOf } from "./replay-query.ts";
import type { Target } from "./target.ts";

/** A stream in a container, as a URL asks for it: what both egresses over HTTP take. */
export interface MediaTarget {
  readonly name: string;
  readonly container: Container;
  /** Where in the stream's past to begin; undefined for live. */
  readonly replay: ReplayOptions | undefined;
  /** Headers of a response. @throws {Refusal} `not-carried`, where the container has no use for these tracks */
  headers(generation: Generation): Readonly<Record<string, string>>;
}

/**
 * The stream behind `/APP/STREAM.flv` and its like; undefined where the path ends in no container.
 *
 * @param now Unix milliseconds
 * @throws {Refusal} `name-refused`; HttpProblem for a query that means nothing
 */
export function mediaTarget({ path, query }: Target, containers: ContainerRegistry, now: number): MediaTarget | undefined {
  const found = containers.ofPath(path);
  if (found === undefined) return undefined;
  const { format, stem } = found;
  const { name } = streamAddress(stem);
  const params = new URLSearchParams(query);
  const variant = containerFor(format, params);
  if (typeof variant === "string") throw new HttpProblem(400, "bad-query", variant);
  const { container, wanted } = variant;
  return { name, container, replay: replayOf(params, now), headers: (generation) => mediaHeaders(format, generation, wanted) };
}

/** `Content-Type`, and its codecs parameter (RFC 6381) alone for who finds that easier to read. */
function mediaHeaders(format: ContainerFormat, generation: Generation, wanted: ContainerVariant["wanted"]): Record<string, string> {
  const words = whyNotCarried(format, generation, wanted);
  if (words !== undefined) throw new Refusal("not-carried", words);
  const tracks = carriedTracks(format, generation.tracks, wanted);
  const type = typeof format.mimeType === "string" ? format.mimeType : format.mimeType(tracks);
  const codecs = /;\s*codecs="([^"]*)"/.exec(type)?.[1];
  return { "Content-Type": type, ...(codecs !== undefined && { "X-Codecs": codecs }) };
}
