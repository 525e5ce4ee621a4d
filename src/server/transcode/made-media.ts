import { Refusal } from "../../hub/refusal.ts";
import type { Generation, Track } from "../../media/track.ts";
import type { MadeMedia } from "../../protocols/http-stream/http-streams.ts";
import type { ContainerFormat } from "../containers/container-format.ts";
import { whyNotCarried } from "../containers/container-registry.ts";
import { encodingsFor, encodingsWith, type TranscodeFormat, usualEncodings } from "./formats.ts";
import type { TrackChoice, Wanted } from "./recipe.ts";
import type { Transcoder } from "./transcoder.ts";

/** The kinds of track that a viewer asks for. */
interface Kinds {
  readonly video: boolean;
  readonly audio: boolean;
}

/** What a viewer's URL says besides what it ends in. */
export interface MadeQuery {
  readonly wanted: Kinds;
  /** It begins in the past. */
  readonly isPast: boolean;
  /** The tracks that it is made of; all of them if not given. */
  readonly choice?: TrackChoice | undefined;
}

/** A stream in a container that FFmpeg writes. */
export function madeFormat(transcoder: Transcoder, format: TranscodeFormat, { wanted, isPast, choice }: MadeQuery): MadeMedia {
  const recipe = (generation: Generation): Wanted => {
    const { tracks } = choice?.of(generation) ?? generation;
    const encodings = encodingsWith(format, tracks, kindsIn(tracks, wanted));
    if (Object.keys(encodings).length === 0)
      throw new Refusal("not-carried", `The stream has nothing of that kind which ${format.title} carries.`);
    return { kind: "bytes", format, encodings, choice };
  };
  return {
    async of(stream, signal) {
      return transcoder.view(stream, recipe(stream.generation), isPast, signal);
    },
    async headersOf({ generation }) {
      recipe(generation);
      await transcoder.program(format.title);
      return { "Content-Type": format.mimeType };
    },
  };
}

/** A stream in a container of ours: as it is where that can carry it, else encoded anew. Undefined where this never happens. */
export function madeContainer(
  transcoder: Transcoder,
  format: ContainerFormat,
  { wanted, isPast, choice }: MadeQuery,
): MadeMedia | undefined {
  const encoders = encodingsFor(format.name);
  if (!transcoder.isAllowed || encoders === undefined) return undefined;
  const recipe = (whole: Generation): Wanted | undefined => {
    const generation = choice?.of(whole) ?? whole;
    const words = whyNotCarried(format, generation, wanted);
    if (words === undefined) return undefined;
    const encodings = usualEncodings(encoders, kindsIn(generation.tracks, wanted));
    if (Object.keys(encodings).length === 0) throw new Refusal("not-carried", words);
    return { kind: "frames", encodings, choice };
  };
  return {
    async of(stream, signal) {
      const made = recipe(stream.generation);
      return made === undefined ? stream : transcoder.view(stream, made, isPast, signal);
    },
    async headersOf({ generation }) {
      if (recipe(generation) === undefined) return undefined;
      await transcoder.program("This");
      // Which codecs it has in the end is not known yet: those of a type that names them are left out.
      return { "Content-Type": typeof format.mimeType === "string" ? format.mimeType : encoders.mimeType };
    },
  };
}

function kindsIn(tracks: readonly Track[], wanted: Kinds): Kinds {
  const has = (kind: "video" | "audio"): boolean => wanted[kind] && tracks.some((track) => track.kind === kind);
  return { video: has("video"), audio: has("audio") };
}
