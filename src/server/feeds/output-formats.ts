import type { ContainerFormat } from "../containers/container-format.ts";
import type { ContainerRegistry } from "../containers/container-registry.ts";
import type { DemuxerRegistry } from "../containers/demuxer-registry.ts";
import { type ServedAs, servedAs } from "../transcode/formats.ts";

/** What serves an FFmpeg format here; undefined where nothing does. @param hasVideo whether what is served has pictures */
export function formatNamed(
  name: string,
  containers: ContainerRegistry,
  hasVideo: boolean,
): Exclude<ServedAs, { by: "container" }> | { readonly by: "container"; readonly format: ContainerFormat } | undefined {
  const served: ServedAs | undefined = servedAs(name, hasVideo) ?? { by: "container", name };
  if (served.by !== "container") return served;
  const format = containers.get(served.name);
  return format && { by: "container", format };
}

/** FFmpeg's names of demuxers whose containers have other names here. */
const ourInputs: Readonly<Record<string, string>> = { mov: "mp4", webm: "matroska", aac: "adts", mp2: "mp3" };

/** The name of the demuxer of an FFmpeg format; undefined where its beginning is to tell what a file is. */
export function demuxerNamed(name: string | undefined, demuxers: DemuxerRegistry): string | undefined {
  const ours = name !== undefined && Object.hasOwn(ourInputs, name) ? ourInputs[name] : name;
  return ours !== undefined && demuxers.get(ours) !== undefined ? ours : undefined;
}
