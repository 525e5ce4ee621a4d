import type { AudioTrack, Metadata, MetadataValue, Recorded, VideoTrack } from "../../media/track.ts";
import { AmfEcmaArray, amfObject, amfProperties, AmfXml } from "./amf-value.ts";
import type { AmfObject, AmfValue } from "./amf-value.ts";
import { audioCodecId } from "./audio-tag.ts";
import type { Signalling } from "./enhanced.ts";
import { videoCodecId } from "./video-tag.ts";

/** Name of the script message with the publisher's metadata. */
export const ON_META_DATA = "onMetaData";

/**
 * What an onMetaData value says, as our own types have it: dates as ISO 8601 text, undefined as null. Byte arrays,
 * vectors and dictionaries are left out. Anything that has no properties says nothing.
 */
export function readMetadata(value: AmfValue): Metadata {
  const properties = amfProperties(value);
  return properties === undefined ? {} : fromProperties(properties);
}

function fromProperties(properties: AmfObject): { readonly [key: string]: MetadataValue } {
  const out = Object.create(null) as { [key: string]: MetadataValue };
  for (const [key, value] of Object.entries(properties)) {
    const converted = fromAmf(value);
    if (converted !== undefined) out[key] = converted;
  }
  return out;
}

function fromAmf(value: AmfValue): MetadataValue | undefined {
  if (value === undefined || value === null) return null;
  if (typeof value !== "object") return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof AmfXml) return value.text;
  if (Array.isArray(value)) return value.map((item) => fromAmf(item) ?? null);
  const properties = amfProperties(value);
  return properties === undefined ? undefined : fromProperties(properties);
}

function toAmf(value: MetadataValue): AmfValue {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item: MetadataValue) => toAmf(item));
  const out = amfObject();
  for (const [key, item] of Object.entries(value as Metadata)) out[key] = toAmf(item);
  return out;
}

/** A number above 0 under a name, or 0. */
export function positive(metadata: Metadata, key: string): number {
  const value = metadata[key];
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : 0;
}

/** Codec ids are numbers, FourCC numbers, or names like "avc1". */
function namesCodec(value: MetadataValue | undefined): boolean {
  return (typeof value === "number" && value > 0) || (typeof value === "string" && value !== "");
}

/** The kinds of track that metadata promises. `hasVideo` and `hasAudio` decide where they are booleans. */
export function promisedKinds(metadata: Metadata): { readonly video: boolean; readonly audio: boolean } {
  const { hasVideo, hasAudio } = metadata;
  const video = namesCodec(metadata["videocodecid"]) || positive(metadata, "width") > 0;
  const audio = namesCodec(metadata["audiocodecid"]) || positive(metadata, "audiosamplerate") > 0;
  return { video: typeof hasVideo === "boolean" ? hasVideo : video, audio: typeof hasAudio === "boolean" ? hasAudio : audio };
}

/** What is said of a whole file, or of tracks that are not written, and so is not true of a live output. */
const ofFiles = [
  ...["duration", "filesize", "fileSize", "keyframes", "lasttimestamp", "lastkeyframetimestamp", "lastkeyframelocation"],
  ...["datasize", "videosize", "audiosize", "hasKeyframes", "canSeekToEnd", "audioTrackIdInfoMap", "videoTrackIdInfoMap"],
];
const ofVideo = ["hasVideo", "width", "height", "framerate", "videocodecid", "videodatarate"];
const ofAudio = ["hasAudio", "audiocodecid", "audiodatarate", "audiosamplerate", "audiosamplesize", "audiochannels", "stereo"];

/**
 * The onMetaData of an output: the publisher's values without those that only fit a file, and over them what is
 * known to be true of the tracks that are written. It has no `duration` where that is not known: players take 0 for a length.
 */
export function outputMetadata(
  metadata: Metadata,
  video: VideoTrack | undefined,
  audio: AudioTrack | undefined,
  signalling: Signalling,
  recorded?: Recorded,
): AmfEcmaArray {
  const out = amfObject();
  const without = new Set([...ofFiles, ...(video === undefined ? ofVideo : []), ...(audio === undefined ? ofAudio : [])]);
  for (const [key, value] of Object.entries(metadata)) if (!without.has(key)) out[key] = toAmf(value);
  if (recorded !== undefined) out["duration"] = recorded.durationMs / 1000;
  if (recorded?.keyFrames !== undefined) {
    const { times, positions } = recorded.keyFrames;
    out["hasKeyframes"] = true;
    out["keyframes"] = amfObject({ filepositions: [...positions], times: [...times] });
  }
  out["hasVideo"] = video !== undefined;
  out["hasAudio"] = audio !== undefined;
  if (video !== undefined) {
    set(out, "width", video.width);
    set(out, "height", video.height);
    set(out, "framerate", video.frameRate);
    set(out, "videocodecid", videoCodecId(video, signalling) ?? 0);
  }
  if (audio !== undefined) {
    set(out, "audiosamplerate", audio.sampleRate);
    set(out, "audiochannels", audio.channels);
    if (audio.channels > 0) out["stereo"] = audio.channels > 1;
    set(out, "audiocodecid", audioCodecId(audio) ?? 0);
  }
  return new AmfEcmaArray(out);
}

/** 0 is "unknown": the publisher's word stands. */
function set(out: AmfObject, key: string, value: number): void {
  if (value > 0) out[key] = value;
}
