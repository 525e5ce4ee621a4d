/** The decoder configurations that WebCodecs wants, and the names people know codecs by. */
import { readEsds } from "../../src/containers/fmp4/esds.ts";
import { configBox } from "../../src/containers/fmp4/read-moov.ts";
import type { MovieTrack } from "../../src/containers/fmp4/read-moov.ts";

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
      return audioSpecificConfig(configBox(track, "esds"));
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

function audioSpecificConfig(esds: Uint8Array | undefined): Uint8Array | undefined {
  const config = esds && readEsds(esds).config;
  return config === undefined || config.length === 0 ? undefined : config;
}

/** `fLaC` and the metadata blocks, which is what the FLAC registration of WebCodecs asks for. */
function flacHeader(dfLa: Uint8Array | undefined): Uint8Array | undefined {
  if (dfLa === undefined) return undefined;
  const header = new Uint8Array(dfLa.length);
  header.set([0x66, 0x4c, 0x61, 0x43]);
  header.set(dfLa.subarray(4), 4);
  return header;
}
