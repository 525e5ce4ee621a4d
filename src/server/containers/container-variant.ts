import type { Container } from "../../hub/container-output.ts";
import type { ContainerFormat, ContainerOptions } from "./container-format.ts";
import { takes } from "./container-registry.ts";

/** A container with the options that one viewer asked for. */
export interface ContainerVariant {
  readonly container: Container;
  /** The kinds of track that were asked for, whatever the container has room for. */
  readonly wanted: Pick<ContainerOptions, "video" | "audio">;
}

/** Reads a viewer's query: `?only=video`, `?only=audio`, and the container's own parameters. Words for one that means nothing. */
export function containerFor(format: ContainerFormat, query: URLSearchParams): ContainerVariant | string {
  const wanted = wantedKinds(query);
  if (typeof wanted === "string") return wanted;
  const parameters: Record<string, string> = {};
  for (const [parameter, values] of Object.entries(format.parameters ?? {})) {
    const value = query.get(parameter) ?? values[0]!;
    if (!values.includes(value)) return `?${parameter}= takes ${oneOf(values)}.`;
    parameters[parameter] = value;
  }
  const options = { video: wanted.video && takes(format, "video"), audio: wanted.audio && takes(format, "audio"), parameters };
  return { wanted, container: { key: keyOf(format, options), muxer: format.muxer(options) } };
}

/** `?only=video` and `?only=audio`. Words for one that means nothing. */
export function wantedKinds(query: URLSearchParams): ContainerVariant["wanted"] | string {
  const only = query.get("only");
  if (only !== null && only !== "video" && only !== "audio") return "?only= takes video or audio.";
  return { video: only !== "audio", audio: only !== "video" };
}

/** Every option that changes a byte is in it. */
function keyOf({ name }: ContainerFormat, { video, audio, parameters }: ContainerOptions): string {
  return [name, video ? "v" : "", audio ? "a" : "", ...Object.values(parameters)].join(":");
}

/** `a`, `a or b`, `a, b, or c`. */
export function oneOf(words: readonly string[]): string {
  return new Intl.ListFormat("en", { type: "disjunction" }).format(words);
}
