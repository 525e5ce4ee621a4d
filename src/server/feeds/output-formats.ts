import type { ContainerFormat } from "../containers/container-format.ts";
import type { ContainerRegistry } from "../containers/container-registry.ts";

/** FFmpeg's names of muxers whose containers have other names here. What is not in it is looked up as it is. */
const ourNames: Readonly<Record<string, readonly string[]>> = {
  mp2: ["mp2", "mp3"],
  mov: ["mov", "mp4"],
  ipod: ["mp4"],
  oga: ["ogg"],
  ogv: ["ogg"],
  opus: ["ogg"],
  asf_stream: ["asf-stream", "asf"],
  singlejpeg: ["singlejpeg", "jpeg"],
  mpeg1video: ["mpeg1video"],
};

/** The container of an FFmpeg format; undefined where this server has none. */
export function formatNamed(name: string, containers: ContainerRegistry): ContainerFormat | undefined {
  for (const each of Object.hasOwn(ourNames, name) ? ourNames[name]! : [name.replaceAll("_", "-")]) {
    const format = containers.get(each);
    if (format !== undefined) return format;
  }
  return undefined;
}
