/** From the codec and options of a `<Stream>` to what its feed's encoder is asked for, with what ffserver added to both. */
import type { LineNotes } from "./conf-line.ts";
import type { ConfEncoding } from "./conf-model.ts";
import type { EncoderOptions } from "./encoder-options.ts";
import type { LavcCodec } from "./lavc.ts";
import { videoSize } from "./video-size.ts";

/** Pictures from one key frame to the next that libavcodec's encoders make when nothing is said. */
const defaultGop = 12;

/**
 * What one kind of a stream is encoded with.
 *
 * @param usesDefaults whether what is missing gets ffserver's small values, which is warned of, or is a mistake
 */
export function encodingOf(encoder: EncoderOptions, codec: LavcCodec, usesDefaults: boolean, notes: LineNotes): ConfEncoding {
  const options = new Map(encoder.options);
  if (usesDefaults) {
    const added = codec.kind === "audio" ? audioDefaults(options) : videoDefaults(options);
    for (const [name, value] of added) options.set(name, value);
    const list = added.map(([name, value]) => `${name}=${value}`).join(", ");
    if (list !== "") notes.warn(`${codec.kind} of this stream gets default values: ${list}. Use NoDefaults to disable it.`);
  } else checkComplete(codec, options, notes);
  const { width = 0, height = 0 } = videoSize(options.get("video_size") ?? "") ?? {};
  const isVideo = codec.kind === "video";
  return {
    codec,
    options,
    bitRate: Math.max(0, numberIn(options, "b")),
    sampleRate: isVideo ? 0 : numberIn(options, "ar"),
    channels: isVideo ? 0 : numberIn(options, "ac"),
    width,
    height,
    timeBase: isVideo ? (options.get("time_base") ?? "") : "",
    gop: isVideo ? numberIn(options, "g", defaultGop) : 0,
  };
}

type Added = (readonly [name: string, value: string])[];

function audioDefaults(options: ReadonlyMap<string, string>): Added {
  const all = [
    ["b", "64000"],
    ["ar", "22050"],
    ["ac", "1"],
  ] as const;
  return all.filter(([name]) => !options.has(name));
}

function videoDefaults(options: ReadonlyMap<string, string>): Added {
  const bitRate = numberIn(options, "b", 64_000);
  const [num = 1, den = 5] = (options.get("time_base") ?? "1/5").split("/").map(Number);
  const maxRate = numberIn(options, "maxrate", 2 * bitRate);
  const tolerance = Math.max(Math.trunc(bitRate / 4), Math.trunc((bitRate * num) / den));
  const all = [
    ["b", String(bitRate)],
    ["time_base", "1/5"],
    ["video_size", "160x128"],
    ["bt", String(tolerance)],
    ["rc_eq", "tex^qComp"],
    ["maxrate", String(maxRate)],
    ["bufsize", String(maxRate)],
  ] as const;
  return all.filter(([name]) => !options.has(name) && (name !== "bufsize" || maxRate !== 0));
}

function checkComplete({ kind }: LavcCodec, options: ReadonlyMap<string, string>, notes: LineNotes): void {
  const needed = kind === "audio" ? { b: "audio bit rate", ar: "audio sample rate" } : { video_size: "video size" };
  for (const [name, words] of Object.entries(needed)) if (!options.has(name)) notes.error(`${words} is not set`);
}

function numberIn(options: ReadonlyMap<string, string>, name: string, otherwise = 0): number {
  const value = Number(options.get(name) ?? otherwise);
  return Number.isSafeInteger(value) ? value : otherwise;
}
