import type { Container } from "../../hub/container-output.ts";
import { streamAddress } from "../../hub/identity.ts";
import { Refusal } from "../../hub/refusal.ts";
import type { Generation } from "../../media/track.ts";
import type { ContainerFormat, ContainerOptions } from "../containers/container-format.ts";
import { carriedTracks, type ContainerRegistry, takes, whyNotCarried } from "../containers/container-registry.ts";
import { HttpProblem } from "./http-problem.ts";
import type { Target } from "./target.ts";

/** A stream in a container, as a URL asks for it: what both egresses over HTTP take. */
export interface MediaTarget {
  readonly name: string;
  readonly format: ContainerFormat;
  readonly container: Container;
  /** Headers of a response. @throws {Refusal} `not-carried`, where the container has no use for these tracks */
  headers(generation: Generation): Readonly<Record<string, string>>;
}

/**
 * The stream behind `/APP/STREAM.flv` and its like; undefined where the path ends in no container.
 *
 * @throws {Refusal} `name-refused`; HttpProblem for a query that means nothing
 */
export function mediaTarget({ path, query }: Target, containers: ContainerRegistry): MediaTarget | undefined {
  const found = containers.ofPath(path);
  if (found === undefined) return undefined;
  const { format, stem } = found;
  const params = new URLSearchParams(query);
  const { name } = streamAddress(stem);
  const wanted = wantedKinds(params);
  return {
    name,
    format,
    container: containerOf(format, wanted, params),
    headers: (generation) => mediaHeaders(format, generation, wanted),
  };
}

/** Which kinds of track a viewer wants, whatever the container has room for. */
type Wanted = Pick<ContainerOptions, "video" | "audio">;

/** `?only=video`, `?only=audio`, else both. */
function wantedKinds(params: URLSearchParams): Wanted {
  const only = params.get("only");
  if (only === null) return { video: true, audio: true };
  if (only !== "video" && only !== "audio") throw new HttpProblem(400, "bad-query", "?only= takes video or audio.");
  return { video: only === "video", audio: only === "audio" };
}

/** The container with the options of a query. Its key has every option that changes a byte. */
export function containerOf(format: ContainerFormat, wanted: Wanted, params: URLSearchParams): Container {
  const video = wanted.video && takes(format, "video");
  const audio = wanted.audio && takes(format, "audio");
  const parameters = Object.fromEntries(
    Object.entries(format.parameters ?? {}).map(([parameter, values]) => [parameter, valueOf(parameter, values, params)] as const),
  );
  const key = [format.name, video ? "v" : "", audio ? "a" : "", ...Object.values(parameters)].join(":");
  return { key, muxer: format.muxer({ video, audio, parameters }) };
}

function valueOf(parameter: string, values: readonly string[], params: URLSearchParams): string {
  const value = params.get(parameter) ?? values[0]!;
  if (values.includes(value)) return value;
  throw new HttpProblem(400, "bad-query", `?${parameter}= takes ${oneOf(values)}.`);
}

/** `a`, `a or b`, `a, b, or c`. */
export function oneOf(words: readonly string[]): string {
  return new Intl.ListFormat("en", { type: "disjunction" }).format(words);
}

/** `Content-Type`, and its codecs parameter (RFC 6381) alone for who finds that easier to read. */
function mediaHeaders(format: ContainerFormat, generation: Generation, wanted: Wanted): Record<string, string> {
  const words = whyNotCarried(format, generation, wanted);
  if (words !== undefined) throw new Refusal("not-carried", words);
  const { mimeType } = format;
  const type = typeof mimeType === "string" ? mimeType : mimeType(carriedTracks(format, generation.tracks, wanted));
  const codecs = /;\s*codecs="([^"]*)"/.exec(type)?.[1];
  return { "Content-Type": type, ...(codecs !== undefined && { "X-Codecs": codecs }) };
}
