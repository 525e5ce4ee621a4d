import type { Container } from "../../hub/container-output.ts";
import { streamAddress } from "../../hub/identity.ts";
import type { ReplayOptions } from "../../hub/replay-place.ts";
import type { Generation } from "../../media/track.ts";
import type { ContainerFormat } from "../containers/container-format.ts";
import type { ContainerRegistry } from "../containers/container-registry.ts";
import { containerFor } from "../containers/container-variant.ts";
import { HttpProblem } from "./http-problem.ts";
import { replayOf } from "./replay-query.ts";
import { mediaHeaders } from "./media-headers.ts";
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
  return { name, replay: replayOf(params, now), ...containerTarget(format, params) };
}

/** What a query asks of a container. @throws HttpProblem for one that means nothing */
export function containerTarget(format: ContainerFormat, query: URLSearchParams): Pick<MediaTarget, "container" | "headers"> {
  const variant = containerFor(format, query);
  if (typeof variant === "string") throw new HttpProblem(400, "bad-query", variant);
  const { container, wanted } = variant;
  return { container, headers: (generation) => mediaHeaders(format, generation, wanted) };
}
