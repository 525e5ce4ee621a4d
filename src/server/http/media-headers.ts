import { Refusal } from "../../hub/refusal.ts";
import type { Generation } from "../../media/track.ts";
import type { ContainerFormat } from "../containers/container-format.ts";
import { carriedTracks, whyNotCarried } from "../containers/container-registry.ts";
import type { ContainerVariant } from "../containers/container-variant.ts";

/**
 * `Content-Type`, and its codecs parameter (RFC 6381) alone for who finds that easier to read.
 *
 * @throws {Refusal} `not-carried`, where the container has no use for these tracks
 */
export function mediaHeaders(format: ContainerFormat, generation: Generation, wanted: ContainerVariant["wanted"]): Record<string, string> {
  const words = whyNotCarried(format, generation, wanted);
  if (words !== undefined) throw new Refusal("not-carried", words);
  const tracks = carriedTracks(format, generation.tracks, wanted);
  const type = typeof format.mimeType === "string" ? format.mimeType : format.mimeType(tracks);
  const codecs = /;\s*codecs="([^"]*)"/.exec(type)?.[1];
  return { "Content-Type": type, ...(codecs !== undefined && { "X-Codecs": codecs }) };
}
