import type { Container } from "../../hub/container-output.ts";
import { streamAddress } from "../../hub/identity.ts";
import type { ReplayOptions } from "../../hub/replay-place.ts";
import type { Generation } from "../../media/track.ts";
import type { MadeMedia } from "../../protocols/http-stream/http-streams.ts";
import type { ContainerFormat } from "../containers/container-format.ts";
import type { ContainerRegistry } from "../containers/container-registry.ts";
import { containerFor, type ContainerVariant, wantedKinds } from "../containers/container-variant.ts";
import { transcodeFormatOfPath } from "../transcode/formats.ts";
import { madeContainer, madeFormat } from "../transcode/made-media.ts";
import { piecesContainer } from "../transcode/receiver.ts";
import type { Transcoder } from "../transcode/transcoder.ts";
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
  /** Where FFmpeg may have to make it. */
  readonly made?: MadeMedia | undefined;
  /** Headers of a response. @throws {Refusal} `not-carried`, where the container has no use for these tracks */
  headers(generation: Generation): Readonly<Record<string, string>>;
}

/**
 * The stream behind `/APP/STREAM.flv` and its like; undefined where the path ends in no container.
 *
 * @param now Unix milliseconds
 * @param transcoder makes what is not the stream as it is; only that is served if not given
 * @throws {Refusal} `name-refused`; HttpProblem for a query that means nothing
 */
export function mediaTarget(
  { path, query }: Target,
  containers: ContainerRegistry,
  now: number,
  transcoder?: Transcoder,
): MediaTarget | undefined {
  const found = containers.ofPath(path);
  if (found === undefined) return transcoder && madeTarget({ path, query }, now, transcoder);
  const { format, stem } = found;
  const { name } = streamAddress(stem);
  const params = new URLSearchParams(query);
  const replay = replayOf(params, now);
  const target = containerTarget(format, params);
  const made = transcoder && madeContainer(transcoder, format, { wanted: target.wanted, isPast: replay !== undefined });
  return { name, replay, made, ...target };
}

/** The same for a container that FFmpeg writes. */
function madeTarget({ path, query }: Target, now: number, transcoder: Transcoder): MediaTarget | undefined {
  const found = transcodeFormatOfPath(path);
  if (found === undefined) return undefined;
  const { format, stem } = found;
  const { name } = streamAddress(stem);
  const params = new URLSearchParams(query);
  const wanted = wantedKinds(params);
  if (typeof wanted === "string") throw new HttpProblem(400, "bad-query", wanted);
  const replay = replayOf(params, now);
  const made = madeFormat(transcoder, format, { wanted, isPast: replay !== undefined });
  return { name, container: piecesContainer(format.name), replay, made, headers: () => ({ "Content-Type": format.mimeType }) };
}

/** What a query asks of a container. @throws HttpProblem for one that means nothing */
export function containerTarget(
  format: ContainerFormat,
  query: URLSearchParams,
): Pick<MediaTarget, "container" | "headers"> & Pick<ContainerVariant, "wanted"> {
  const variant = containerFor(format, query);
  if (typeof variant === "string") throw new HttpProblem(400, "bad-query", variant);
  const { container, wanted } = variant;
  return { container, wanted, headers: (generation) => mediaHeaders(format, generation, wanted) };
}
