import { NotCarried } from "../../media/muxer.ts";
import type { Generation, Track } from "../../media/track.ts";
import type { ContainerFormat, ContainerOptions } from "../containers/container-format.ts";
import { carriedTracks, whyNotCarried } from "../containers/container-registry.ts";
import { isMediaType } from "../containers/format-names.ts";
import type { Log } from "../log.ts";
import { checkedMuxer } from "./checked-muxer.ts";
import { PluginError } from "./plugin.ts";

/** A plug-in's container whose functions may fail: then there is no output, and nothing else is hurt. */
export function checkedContainer(plugin: string, format: ContainerFormat, log: Log): ContainerFormat {
  const { mimeType } = format;
  const checked: ContainerFormat = {
    ...format,
    ...(typeof mimeType === "function" && { mimeType: (tracks) => checkedType(plugin, () => mimeType.call(format, tracks)) }),
    ...(format.cannotCarry && { cannotCarry: (track) => whyNot(format, track, log) }),
    muxer: (options) => checkedMuxer(plugin, format.muxer(options), (generation) => goingIn(checked, generation, options)),
  };
  return checked;
}

/** @throws {NotCarried} in words for a viewer */
function goingIn(format: ContainerFormat, generation: Generation, options: ContainerOptions): readonly Track[] {
  const words = whyNotCarried(format, generation, options);
  if (words !== undefined) throw new NotCarried(words);
  return carriedTracks(format, generation.tracks, options);
}

function checkedType(plugin: string, make: () => string): string {
  try {
    const type: unknown = make();
    if (isMediaType(type)) return type;
    throw new TypeError(`${JSON.stringify(type)} is no media type`);
  } catch (error) {
    throw new PluginError(plugin, "failed to tell its media type", error);
  }
}

/** Asked for every list of streams, which must not fail for it. */
function whyNot(format: ContainerFormat, track: Parameters<NonNullable<ContainerFormat["cannotCarry"]>>[0], log: Log): string | undefined {
  try {
    return format.cannotCarry!(track);
  } catch (err) {
    log.error({ err, container: format.name }, "a container could not tell what it carries");
    return `it is not known whether ${format.title ?? format.name} carries ${track.codec}`;
  }
}
