/** A track as an FFM header describes it, and its frames as FFM has them: the way back from `VideoStream` and `AudioStream`. */
import { joinAnnexB } from "../../media/annex-b.ts";
import { parseAvcConfig } from "../../media/avc.ts";
import type { Frame } from "../../media/frame.ts";
import { parseHevcConfig } from "../../media/hevc.ts";
import { nalUnits } from "../../media/nal.ts";
import { Codec, TrackKind } from "../../media/track.ts";
import type { AudioTrack, VideoTrack } from "../../media/track.ts";
import { readWaveFormat } from "../../media/wave-format.ts";
import { idOfCodec } from "./codec-id.ts";
import type { FfmStream } from "./stream-info.ts";

/** Tracks that FFM has room for. */
export type FfmTrack = VideoTrack | AudioTrack;

const EMPTY = new Uint8Array(0);

/** What the header says of a track that FFM carries. Its configuration stands there as FFmpeg's encoders have it. */
export function streamOf(track: FfmTrack): FfmStream {
  const codecId = idOfCodec(track.codec);
  if (codecId === undefined) throw new Error(`no number in FFM for ${track.codec}`);
  const options = track.kind === TrackKind.video ? videoOptions(track) : audioOptions(track);
  return { codecId, kind: track.kind, bitRate: track.bitRate ?? 0, extradata: extradataOf(track), options, privateOptions: new Map() };
}

function extradataOf(track: FfmTrack): Uint8Array {
  switch (track.codec) {
    case Codec.avc:
    case Codec.hevc:
      return joinAnnexB(parameterSets(track));
    // FFmpeg has no extradata for these: their frames say all.
    case Codec.vp8:
    case Codec.vp9:
    case Codec.ac3:
    case Codec.eac3:
    case Codec.h263:
      return EMPTY;
    case Codec.wmav1:
    case Codec.wmav2:
      return readWaveFormat(track.config)?.extradata ?? EMPTY;
    default:
      return track.config;
  }
}

/** Parameter sets of H.264 or HEVC in the order in which decoders want them. */
function parameterSets({ codec, config }: FfmTrack): Uint8Array[] {
  if (codec === Codec.avc) {
    const { sps, pps } = parseAvcConfig(config);
    return [...sps, ...pps];
  }
  const { vps, sps, pps } = parseHevcConfig(config);
  return [...vps, ...sps, ...pps];
}

function videoOptions({ width, height, frameRate }: VideoTrack): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  // FFmpeg takes the time base of video for the time that a picture lasts.
  if (frameRate > 0) options.set("time_base", Number.isInteger(frameRate) ? `1/${frameRate}` : `1000/${Math.round(frameRate * 1000)}`);
  if (width > 0 && height > 0) options.set("video_size", `${width}x${height}`);
  return options;
}

function audioOptions({ codec, config, sampleRate, channels, samplesPerFrame }: AudioTrack): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  if (sampleRate > 0) options.set("ar", String(sampleRate));
  if (channels > 0) options.set("ac", String(channels));
  if (samplesPerFrame > 0) options.set("frame_size", String(samplesPerFrame));
  if (codec === Codec.wmav1 || codec === Codec.wmav2) options.set("block_align", String(readWaveFormat(config)?.blockAlign ?? 0));
  return options;
}

/** @param withSets whether the parameter sets go before the frame, for those whose header has others */
export function payloadOf(track: FfmTrack, { data }: Pick<Frame, "data">, withSets: boolean): Uint8Array {
  switch (track.codec) {
    case Codec.avc:
    case Codec.hevc:
      return joinAnnexB([...(withSets ? parameterSets(track) : []), ...nalUnits(data)]);
    case Codec.h263:
      return data.subarray(1); // what an FLV tag has before it
    default:
      return data;
  }
}
