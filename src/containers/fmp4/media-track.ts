/** A track of a movie that was read, in our own terms: the counterpart of `sampleEntry`. */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { parseAvcConfig, withAvcLengthSizeFour } from "../../media/avc.ts";
import { describeAudio, describeVideo } from "../../media/describe.ts";
import { flacStreamInfo } from "../../media/flac.ts";
import { parseHevcConfig, withHevcLengthSizeFour } from "../../media/hevc.ts";
import { languageTag } from "../../media/language.ts";
import type { NalLengthSize } from "../../media/nal.ts";
import { opusHeadFrom, parseDops } from "../../media/opus.ts";
import type { AudioTrack, VideoTrack } from "../../media/track.ts";
import { Codec, TrackKind } from "../../media/track.ts";
import { ObjectType, readEsds } from "./esds.ts";
import { configBox } from "./read-moov.ts";
import type { MovieTrack } from "./read-moov.ts";

/** Bytes of a decoder configuration record. Real ones have less than 1 KiB. */
const largestConfig = 64 * 1024;
/** Bytes of a FullBox's version and flags. */
const fullBoxHead = 4;

/** A track, and how to read its samples: how long their length fields are (AVC, HEVC), and where it begins. */
export interface ReadTrack {
  readonly track: VideoTrack | AudioTrack;
  readonly lengthSize: NalLengthSize;
  /** Ticks to be added to all its times. */
  readonly edit: number;
}

/** What a sample entry says of the codec. */
interface Coding {
  readonly codec: Codec;
  readonly config: Uint8Array;
  readonly lengthSize?: NalLengthSize;
}

/**
 * The track, its record a copy in the form ours have. Undefined for what is neither video nor audio, or has a codec that
 * we do not carry.
 *
 * @throws ProtocolError for a broken or missing configuration
 */
export function readTrack(movieTrack: MovieTrack, isDefault: boolean): ReadTrack | undefined {
  const { id, kind, timescale, edit } = movieTrack;
  const coding = kind === "other" ? undefined : readCoding(movieTrack);
  if (coding === undefined || kind === "other") return undefined;
  if (coding.config.length > largestConfig)
    throw new ProtocolError("limit", `decoder configuration of ${coding.config.length} bytes, ${largestConfig} allowed`);
  const { codec, lengthSize = 4 } = coding;
  const language = languageTag(movieTrack.language);
  const config = new Uint8Array(coding.config); // slice() of a Buffer would be a view
  const base = { id, codec, config, timescale, isDefault, ...(language !== undefined && { language }) };
  if (kind === "audio") {
    const sound = describeAudio(codec, config);
    const { sampleRate, channels } = movieTrack;
    const known = { sampleRate: sound.sampleRate || sampleRate, channels: sound.channels || channels };
    return { track: { ...base, ...sound, ...known, kind: TrackKind.audio }, lengthSize, edit };
  }
  const picture = describeVideo(codec, config);
  const size = { width: picture.width || movieTrack.width, height: picture.height || movieTrack.height };
  return { track: { ...base, ...picture, ...size, kind: TrackKind.video }, lengthSize, edit };
}

function readCoding(track: MovieTrack): Coding | undefined {
  switch (track.entryType) {
    case "avc1":
    case "avc3": {
      const avcC = required(track, "avcC");
      return { codec: Codec.avc, config: withAvcLengthSizeFour(avcC), lengthSize: parseAvcConfig(avcC).lengthSize };
    }
    case "hvc1":
    case "hev1": {
      const hvcC = required(track, "hvcC");
      return { codec: Codec.hevc, config: withHevcLengthSizeFour(hvcC), lengthSize: parseHevcConfig(hvcC).lengthSize };
    }
    case "av01":
      return { codec: Codec.av1, config: required(track, "av1C") };
    case "vp08":
      return { codec: Codec.vp8, config: new Uint8Array(0) };
    case "vp09":
      return { codec: Codec.vp9, config: required(track, "vpcC").subarray(fullBoxHead) };
    case "mp4a":
      return mp4aCoding(required(track, "esds"));
    case "Opus":
      return { codec: Codec.opus, config: opusHeadFrom(parseDops(required(track, "dOps"))) };
    case "fLaC":
      return { codec: Codec.flac, config: flacStreamInfo(required(track, "dfLa").subarray(fullBoxHead)) };
    case "ac-3":
      return { codec: Codec.ac3, config: required(track, "dac3") };
    case "ec-3":
      return { codec: Codec.eac3, config: required(track, "dec3") };
    default:
      return undefined;
  }
}

function mp4aCoding(payload: Uint8Array): Coding | undefined {
  const { objectType, config } = readEsds(payload);
  switch (objectType) {
    case ObjectType.aac:
      return { codec: Codec.aac, config };
    case ObjectType.mpeg1Audio:
    case ObjectType.mpeg2Audio:
      return { codec: Codec.mp3, config: new Uint8Array(0) };
    default:
      return undefined;
  }
}

function required(track: MovieTrack, type: string): Uint8Array {
  const payload = configBox(track, type);
  if (payload === undefined) throw new ProtocolError("malformed", `${track.entryType} without ${type}`);
  return payload;
}
