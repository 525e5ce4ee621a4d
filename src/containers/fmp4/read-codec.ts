/** The codecs parameter (RFC 6381) of a track that was read, for players that were told nothing but the bytes. */
import { parseAacConfig } from "../../media/aac.ts";
import { parseAv1Config } from "../../media/av1.ts";
import { parseAvcConfig } from "../../media/avc.ts";
import { parseHevcConfig } from "../../media/hevc.ts";
import { parseVpcConfig, vp9CodecString } from "../../media/vp9.ts";
import { ObjectType, readEsds } from "./esds.ts";
import { configBox } from "./read-moov.ts";
import type { MovieTrack } from "./read-moov.ts";

/** Bytes of a FullBox's version and flags, which precede a VP9 record. */
const fullBoxHead = 4;

/** The codecs parameter, or undefined for a sample entry that is not known or lacks its configuration. */
export function codecStringOf(track: MovieTrack): string | undefined {
  const config = (type: string): Uint8Array | undefined => configBox(track, type);
  switch (track.entryType) {
    case "avc1":
      return apply(config("avcC"), (record) => parseAvcConfig(record).codecString);
    case "hvc1":
      return apply(config("hvcC"), (record) => parseHevcConfig(record).codecString);
    case "av01":
      return apply(config("av1C"), (record) => parseAv1Config(record).codecString);
    case "vp09":
      return apply(config("vpcC"), (record) => vp9CodecString(parseVpcConfig(record.subarray(fullBoxHead))));
    case "vp08":
      return "vp08.00.10.08";
    case "mp4a":
      return apply(config("esds"), mp4aString);
    case "Opus":
      return "opus";
    case "fLaC":
      return "flac";
    case "ac-3":
    case "ec-3":
      return track.entryType;
    default:
      return undefined;
  }
}

function apply<T>(record: Uint8Array | undefined, to: (record: Uint8Array) => T): T | undefined {
  return record === undefined ? undefined : to(record);
}

function mp4aString(payload: Uint8Array): string {
  const { objectType, config } = readEsds(payload);
  if (objectType === ObjectType.aac) return parseAacConfig(config).codecString;
  return `mp4a.${objectType.toString(16).toUpperCase()}`;
}
