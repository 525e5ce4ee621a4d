import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { AudioTrack, DataTrack, Generation, Metadata, MetadataValue, Track, VideoTrack } from "../../media/track.ts";
import { Codec, TrackKind } from "../../media/track.ts";

/** Lists and objects within one another in metadata, at most: what is deeper is not kept. */
const MAX_DEPTH = 32;
/** Tracks of one generation. */
const MAX_TRACKS = 1024;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const codecs: ReadonlySet<string> = new Set(Object.values(Codec));

/** A generation as JSON in UTF-8, configurations in base64. Numbers of the metadata that are not finite become null. */
export function encodeGeneration(generation: Generation): Uint8Array {
  const tracks = generation.tracks.map((track) => ({ ...track, config: base64(track.config) }));
  const text = JSON.stringify({ id: generation.id, tracks, metadata: plain(generation.metadata, 0) });
  return new TextEncoder().encode(text);
}

/** @throws {ProtocolError} */
export function decodeGeneration(bytes: Uint8Array): Generation {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch {
    throw malformed("is no JSON");
  }
  const from = new Fields(value, "a generation");
  const tracks = from.list("tracks");
  if (tracks.length > MAX_TRACKS) throw new ProtocolError("limit", `a generation of a ring file has ${tracks.length} tracks`);
  const metadata = plain(from.any("metadata"), 0);
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) throw malformed("has no metadata");
  return { id: from.whole("id"), tracks: tracks.map(decodeTrack), metadata: metadata as Metadata };
}

function decodeTrack(value: unknown): Track {
  const from = new Fields(value, "a track");
  const codec = from.text("codec");
  if (!codecs.has(codec)) throw new ProtocolError("unsupported", "a track of a ring file has an unknown codec");
  const timescale = from.number("timescale");
  if (!(timescale > 0)) throw malformed("has a track without a timescale");
  const bitRate = from.optional("bitRate", "number");
  const language = from.optional("language", "string");
  const base = {
    id: from.whole("id"),
    codec: codec as Codec,
    config: fromBase64(from.text("config")),
    timescale,
    ...(bitRate !== undefined && { bitRate }),
    ...(language !== undefined && { language }),
    isDefault: from.truth("isDefault"),
    codecString: from.text("codecString"),
  };
  switch (from.text("kind")) {
    case TrackKind.video: {
      const size = { width: from.number("width"), height: from.number("height"), frameRate: from.number("frameRate") };
      return { ...base, kind: TrackKind.video, ...size } satisfies VideoTrack;
    }
    case TrackKind.audio: {
      const flvHeader = from.optional("flvHeader", "number");
      return {
        ...base,
        kind: TrackKind.audio,
        sampleRate: from.number("sampleRate"),
        channels: from.number("channels"),
        samplesPerFrame: from.number("samplesPerFrame"),
        ...(flvHeader !== undefined && { flvHeader }),
      } satisfies AudioTrack;
    }
    case TrackKind.data:
      return { ...base, kind: TrackKind.data } satisfies DataTrack;
    default:
      throw malformed("has a track of an unknown kind");
  }
}

interface Primitives {
  readonly number: number;
  readonly string: string;
  readonly boolean: boolean;
}

/** The fields of an object that somebody else wrote. */
class Fields {
  readonly #value: Record<string, unknown>;
  readonly #what: string;

  constructor(value: unknown, what: string) {
    if (typeof value !== "object" || value === null) throw malformed(`has something else for ${what}`);
    this.#value = value as Record<string, unknown>;
    this.#what = what;
  }
  any(name: string): unknown {
    return Object.hasOwn(this.#value, name) ? this.#value[name] : undefined;
  }
  optional<Type extends keyof Primitives>(name: string, type: Type): Primitives[Type] | undefined {
    const value = this.any(name);
    if (value !== undefined && typeof value !== type) throw malformed(`has ${this.#what} with another ${name}`);
    return value as Primitives[Type] | undefined;
  }
  #needed<Type extends keyof Primitives>(name: string, type: Type): Primitives[Type] {
    const value = this.optional(name, type);
    if (value === undefined) throw malformed(`has ${this.#what} without ${name}`);
    return value;
  }
  text(name: string): string {
    return this.#needed(name, "string");
  }
  number(name: string): number {
    return this.#needed(name, "number");
  }
  truth(name: string): boolean {
    return this.#needed(name, "boolean");
  }
  whole(name: string): number {
    const value = this.number(name);
    if (!Number.isSafeInteger(value) || value < 0) throw malformed(`has ${this.#what} with another ${name}`);
    return value;
  }
  list(name: string): readonly unknown[] {
    const value = this.any(name);
    if (!Array.isArray(value)) throw malformed(`has ${this.#what} without ${name}`);
    return value;
  }
}

/** A copy without prototypes. */
function plain(value: unknown, depth: number): MetadataValue {
  if (depth > MAX_DEPTH) return null;
  switch (typeof value) {
    case "boolean":
    case "string":
      return value;
    case "number":
      return Number.isFinite(value) ? value : null;
    case "object": {
      if (value === null) return null;
      if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1));
      const copy = Object.create(null) as { [key: string]: MetadataValue };
      for (const [key, item] of Object.entries(value)) copy[key] = plain(item, depth + 1);
      return copy;
    }
    default:
      return null;
  }
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function fromBase64(text: string): Uint8Array {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    throw malformed("has a configuration that is no base64");
  }
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function malformed(words: string): ProtocolError {
  return new ProtocolError("malformed", `a generation of a ring file ${words}`);
}
