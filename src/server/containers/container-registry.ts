import { type Generation, type Track, TrackKind } from "../../media/track.ts";
import { adtsFormat, mp3Format, oggFormat, wavFormat } from "./audio-formats.ts";
import type { ContainerFormat, ContainerOptions } from "./container-format.ts";
import { ffmFormat } from "./ffm-format.ts";
import { flvFormat } from "./flv-format.ts";
import { isFormatName, isFormatWord, isMediaType, shown, titleOf } from "./format-names.ts";
import { matroskaFormat, webmFormat } from "./matroska-format.ts";
import { mjpegFormat, mpjpegFormat } from "./mjpeg-format.ts";
import { mp4Format } from "./mp4-format.ts";
import { tsFormat } from "./ts-format.ts";

/** A track that goes into containers. */
type CarriedTrack = Exclude<Track, { kind: "data" }>;

/** Query parameters that mean something with every container. */
const sharedParameters: ReadonlySet<string> = new Set(["only", "key", "date", "buffer", "preroll", "pace"]);

/** The containers in which one server's streams are watched over HTTP and WebSocket: by these entries and in no other way. */
export class ContainerRegistry {
  readonly #formats = new Map<string, ContainerFormat>();
  readonly #byExtension = new Map<string, ContainerFormat>();

  /** Names of ours that nobody has put anything in place of. */
  readonly #replaceable = new Set<string>();

  /** @param formats ours, which others of the same name may take the place of */
  constructor(formats: readonly ContainerFormat[] = ownFormats) {
    for (const format of formats) this.add(format);
    for (const { name } of formats) this.#replaceable.add(name);
  }

  /** All of them, in the order in which they are shown. */
  get all(): readonly ContainerFormat[] {
    return [...this.#formats.values()];
  }

  /** One with the name of ours takes its place. @throws {TypeError} for what is no container, or has a name or an extension that is taken */
  add(format: ContainerFormat): void {
    checkFormat(format);
    const { name, extensions } = format;
    const replaced = this.#replaceable.has(name) ? this.#formats.get(name) : undefined;
    if (this.#formats.has(name) && replaced === undefined) throw new TypeError(`there is a container "${name}" already`);
    for (const extension of extensions) {
      const owner = this.#byExtension.get(extension);
      if (owner !== undefined && owner !== replaced)
        throw new TypeError(`container "${name}": the extension .${extension} belongs to "${owner.name}"`);
    }
    this.#replaceable.delete(name);
    for (const extension of replaced?.extensions ?? []) this.#byExtension.delete(extension);
    this.#formats.set(name, format);
    for (const extension of extensions) this.#byExtension.set(extension, format);
  }

  get(name: string): ContainerFormat | undefined {
    return this.#formats.get(name);
  }

  /** The container that a path ends in, and the path without that end. */
  ofPath(path: string): { readonly format: ContainerFormat; readonly stem: string } | undefined {
    const dot = path.lastIndexOf(".");
    const format = this.#byExtension.get(path.slice(dot + 1));
    return dot < 0 || format === undefined ? undefined : { format, stem: path.slice(0, dot) };
  }

  /** The containers that can carry any of these tracks, by name. */
  carrying(tracks: readonly Track[]): string[] {
    return this.all.filter((format) => carriedTracks(format, tracks, everything).length > 0).map(({ name }) => name);
  }
}

/** Viewers see them in this order. */
const ownFormats: readonly ContainerFormat[] = [
  flvFormat,
  mp4Format,
  tsFormat,
  matroskaFormat,
  webmFormat,
  adtsFormat,
  mp3Format,
  oggFormat,
  wavFormat,
  mpjpegFormat,
  mjpegFormat,
  ffmFormat,
];

const everything = { video: true, audio: true } as const;

/** The tracks that go into a container. */
export function carriedTracks(
  format: ContainerFormat,
  tracks: readonly Track[],
  wanted: Pick<ContainerOptions, "video" | "audio">,
): CarriedTrack[] {
  return candidates(format, tracks, wanted).filter((track) => format.cannotCarry?.(track) === undefined);
}

/** Why nothing of a stream goes into a container, in words for a viewer; undefined where something does. */
export function whyNotCarried(
  format: ContainerFormat,
  { tracks }: Generation,
  wanted: Pick<ContainerOptions, "video" | "audio">,
): string | undefined {
  if (carriedTracks(format, tracks, wanted).length > 0) return undefined;
  const reasons = candidates(format, tracks, wanted).flatMap((track) => format.cannotCarry?.(track) ?? []);
  if (reasons.length > 0) return `${[...new Set(reasons)].join("; ")}.`;
  if (!hasRoom(format, wanted)) return `${titleOf(format)} carries no ${wanted.video ? "video" : "audio"}.`;
  if (wanted.video && wanted.audio && takes(format, "video") && takes(format, "audio")) return "The stream has neither video nor audio.";
  return `The stream has no ${takes(format, "video") && wanted.video ? "video" : "audio"}.`;
}

/** Whether a container has room for a kind of track. */
export function takes({ kinds }: ContainerFormat, kind: "video" | "audio"): boolean {
  return kinds === undefined || kinds.includes(kind);
}

function hasRoom(format: ContainerFormat, { video, audio }: Pick<ContainerOptions, "video" | "audio">): boolean {
  return (video && takes(format, "video")) || (audio && takes(format, "audio"));
}

function candidates(format: ContainerFormat, tracks: readonly Track[], wanted: Pick<ContainerOptions, "video" | "audio">): CarriedTrack[] {
  return tracks.filter((track): track is CarriedTrack => track.kind !== TrackKind.data && wanted[track.kind] && takes(format, track.kind));
}

function checkFormat(format: ContainerFormat): void {
  const { name, extensions, mimeType, kinds, parameters = {} } = format;
  if (!isFormatName(name))
    throw new TypeError(`a container's name is lower-case letters and digits with dashes between, not ${shown(name)}`);
  const wrong = (words: string): TypeError => new TypeError(`container "${name}": ${words}`);
  if (!Array.isArray(extensions) || extensions.length === 0) throw wrong("it needs an extension");
  for (const extension of extensions) {
    if (!isFormatWord(extension)) throw wrong(`an extension is lower-case letters and digits without a dot, not ${shown(extension)}`);
  }
  if (typeof mimeType !== "function" && !isMediaType(mimeType))
    throw wrong(`mimeType is type/subtype or a function, not ${shown(mimeType)}`);
  if (kinds?.length === 0 || kinds?.some((kind) => kind !== "video" && kind !== "audio")) throw wrong("kinds are video and audio");
  if (typeof format.muxer !== "function") throw wrong("it needs a function muxer");
  for (const [parameter, values] of Object.entries(parameters)) {
    if (sharedParameters.has(parameter)) throw wrong(`the parameter "${parameter}" is taken`);
    if (!Array.isArray(values) || values.length === 0 || !values.every((value) => typeof value === "string")) {
      throw wrong(`the parameter "${parameter}" needs a list of values`);
    }
  }
}
