/**
 * Codec strings (RFC 6381 and the bindings' own rules) out of an init segment, for transports without the server's
 * `config` message, and the decoder configurations that WebCodecs wants. And the names people know codecs by.
 */
import { Reader } from "../../src/bytes/reader.ts";
import { configBox } from "../../src/containers/fmp4/read-moov.ts";
import type { MovieTrack } from "../../src/containers/fmp4/read-moov.ts";

/** The codec string of a track, or "" where its configuration is missing or of a kind that no browser plays. */
export function codecString(track: MovieTrack): string {
  switch (track.entryType) {
    case "avc1":
    case "avc3":
      return withConfig(track, "avcC", (config) => `${track.entryType}.${hex(config.subarray(1, 4))}`);
    case "hvc1":
    case "hev1":
      return withConfig(track, "hvcC", (config) => `${track.entryType}.${hevcProfile(new Reader(config))}`);
    case "av01":
      return withConfig(track, "av1C", av1Profile);
    case "vp08":
    case "vp09":
      return withConfig(track, "vpcC", (config) => `${track.entryType}.${vpProfile(config.subarray(4))}`);
    case "mp4a":
      return withConfig(track, "esds", mpegAudio);
    case "Opus":
      return "opus";
    case "fLaC":
      return "flac";
    case "ac-3":
    case "ec-3":
      return track.entryType;
    default:
      return "";
  }
}

/** What WebCodecs takes as `description`; undefined where the codec needs none. */
export function decoderDescription(track: MovieTrack): Uint8Array | undefined {
  switch (track.entryType) {
    case "avc1":
      return configBox(track, "avcC");
    case "hvc1":
      return configBox(track, "hvcC");
    case "av01":
      return configBox(track, "av1C");
    case "mp4a":
      return decoderSpecificInfo(configBox(track, "esds") ?? new Uint8Array(0)).info;
    case "fLaC":
      return flacHeader(configBox(track, "dfLa"));
    default:
      return undefined;
  }
}

/** The name that viewers know a codec by. */
export function codecName(codec: string): string {
  const family = codec.split(".")[0]!.toLowerCase();
  const names: Readonly<Record<string, string>> = {
    avc1: "H.264",
    avc3: "H.264",
    hvc1: "HEVC (H.265)",
    hev1: "HEVC (H.265)",
    av01: "AV1",
    vp08: "VP8",
    vp09: "VP9",
    opus: "Opus",
    flac: "FLAC",
    "ac-3": "Dolby Digital (AC-3)",
    "ec-3": "Dolby Digital Plus (E-AC-3)",
  };
  if (family === "mp4a") return /^mp4a\.(?:6b|69)$/i.test(codec) ? "MP3" : "AAC";
  return names[family] ?? codec;
}

function withConfig(track: MovieTrack, type: string, build: (config: Uint8Array) => string): string {
  const config = configBox(track, type);
  return config === undefined ? "" : build(config);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

/** ISO/IEC 14496-15 E.3: profile space and id, compatibility flags in reverse bit order, tier and level, constraints. */
function hevcProfile(config: Reader): string {
  config.skip(1);
  const profile = config.u8();
  const flags = config.u32();
  let reversed = 0;
  for (let bit = 0; bit < 32; bit++) if ((flags & (1 << bit)) !== 0) reversed += 2 ** (31 - bit);
  const constraints = [...config.bytes(6)];
  while (constraints.at(-1) === 0) constraints.pop();
  const level = `${(profile & 0x20) === 0 ? "L" : "H"}${config.u8()}`;
  const space = ["", "A", "B", "C"][profile >> 6]!;
  return [`${space}${profile & 0x1f}`, reversed.toString(16), level, ...constraints.map((byte) => byte.toString(16))].join(".");
}

/** AV1 ISOBMFF binding, section 5. */
function av1Profile(config: Uint8Array): string {
  const [, levels, flags] = [config[0]!, config[1]!, config[2]!];
  const depth = (flags & 0x40) === 0 ? 8 : (flags & 0x20) !== 0 && levels >> 5 === 2 ? 12 : 10;
  return `av01.${levels >> 5}.${twoDigits(levels & 0x1f)}${(flags & 0x80) === 0 ? "M" : "H"}.${twoDigits(depth)}`;
}

/** VP codec ISOBMFF binding, "Codecs Parameter String". */
function vpProfile(config: Uint8Array): string {
  return [config[0]!, config[1]!, config[2]! >> 4].map(twoDigits).join(".");
}

/** `mp4a.40.2`: object type indication, and the audio object type where that is MPEG-4 audio. */
function mpegAudio(esds: Uint8Array): string {
  const { objectType, info } = decoderSpecificInfo(esds);
  if (objectType !== 0x40) return `mp4a.${objectType.toString(16).toUpperCase()}`;
  const first = info?.[0] ?? 0x10;
  const audioObject = first >> 3 === 31 ? 32 + (((first & 7) << 3) | ((info?.[1] ?? 0) >> 5)) : first >> 3;
  return `mp4a.40.${audioObject}`;
}

/** Walks the descriptors of an esds box (ISO/IEC 14496-1 7.2.6) down to the AudioSpecificConfig. */
function decoderSpecificInfo(esds: Uint8Array): { objectType: number; info: Uint8Array | undefined } {
  const reader = new Reader(esds);
  let objectType = 0;
  reader.skip(4);
  while (reader.left > 0) {
    const tag = reader.u8();
    const length = descriptorLength(reader);
    if (tag === 3) {
      reader.skip(3);
    } else if (tag === 4) {
      objectType = reader.u8();
      reader.skip(12);
    } else if (tag === 5) {
      return { objectType, info: reader.bytes(length) };
    } else {
      reader.skip(length);
    }
  }
  return { objectType, info: undefined };
}

function descriptorLength(reader: Reader): number {
  let length = 0;
  for (let count = 0; count < 4; count++) {
    const byte = reader.u8();
    length = (length << 7) | (byte & 0x7f);
    if (byte < 0x80) break;
  }
  return length;
}

/** `fLaC` and the metadata blocks, which is what the FLAC registration of WebCodecs asks for. */
function flacHeader(dfLa: Uint8Array | undefined): Uint8Array | undefined {
  if (dfLa === undefined) return undefined;
  const header = new Uint8Array(dfLa.length);
  header.set([0x66, 0x4c, 0x61, 0x43]);
  header.set(dfLa.subarray(4), 4);
  return header;
}
