import { parseAacConfig } from "./aac.ts";
import { dec3From, eac3Sound, parseDec3, parseEac3Packet } from "./ac3-enhanced.ts";
import { ac3Sound, dac3From, parseAc3Frame, parseDac3 } from "./ac3.ts";
import { av1Access, av1HasSequence, parseAv1Config } from "./av1.ts";
import { avcAccess, parseAvcConfig } from "./avc.ts";
import { parseFlacConfig } from "./flac.ts";
import { Access } from "./frame.ts";
import type { FrameAccess } from "./frame.ts";
import { hevcAccess, hevcTemporalLayers, parseHevcConfig } from "./hevc.ts";
import { parseMpegAudioHeader } from "./mp3.ts";
import { OPUS_SAMPLE_RATE, parseOpusHead } from "./opus.ts";
import { Codec, OpaqueAudio, isOpaque } from "./track.ts";
import type { AudioTrack, VideoTrack } from "./track.ts";
import { parseVpcConfig, vp8Access, vp9Access, vp9CodecString } from "./vp9.ts";

/** What a track says of itself, for any codec: the switches here are the only ones over all of them. */

export type VideoDescription = Pick<VideoTrack, "width" | "height" | "frameRate" | "codecString">;
export type AudioDescription = Pick<AudioTrack, "sampleRate" | "channels" | "samplesPerFrame" | "codecString">;

const OPAQUE_VIDEO: VideoDescription = Object.freeze({ width: 0, height: 0, frameRate: 0, codecString: "" });
const OPAQUE_AUDIO: AudioDescription = Object.freeze({ sampleRate: 0, channels: 0, samplesPerFrame: 0, codecString: "" });

/**
 * Size, frame rate and codec string from a track's decoder configuration record. VP8 and VP9 have the size in their key frames only:
 * it is 0 here. What we do not parse, and what is no video, has zeros and "".
 *
 * Throws `ProtocolError` where a record is broken, or missing for AVC, HEVC and AV1, which cannot do without.
 */
export function describeVideo(codec: Codec, config: Uint8Array): VideoDescription {
  if (isOpaque(codec)) return OPAQUE_VIDEO;
  switch (codec) {
    case Codec.avc:
      return pictures(parseAvcConfig(config));
    case Codec.hevc:
      return pictures(parseHevcConfig(config));
    case Codec.av1:
      return pictures(parseAv1Config(config));
    case Codec.vp9:
      return { ...OPAQUE_VIDEO, codecString: config.length === 0 ? "" : vp9CodecString(parseVpcConfig(config)) };
    case Codec.vp8:
      return { ...OPAQUE_VIDEO, codecString: "vp8" };
    case Codec.aac:
    case Codec.mp3:
    case Codec.mp2:
    case Codec.opus:
    case Codec.flac:
    case Codec.ac3:
    case Codec.eac3:
    case Codec.amf0:
      return OPAQUE_VIDEO;
  }
}

function pictures({ width, height, frameRate, codecString }: VideoDescription): VideoDescription {
  return { width, height, frameRate, codecString };
}

/**
 * Rate, channels, frame length and codec string from a track's decoder configuration record. Opus packets vary in length, E-AC-3 records
 * do not tell it: 0 samples. MP3 has no record: all is 0 but the codec string "mp3" (in MP4; Chromium plays it as `audio/mpeg` only). So it
 * is for MP2, AC-3 and E-AC-3 with an empty record; `describeAudioFrame` tells the rest. What we do not parse, and what is no audio, has zeros and "".
 *
 * Throws `ProtocolError` where a record is broken, or missing for AAC, Opus and FLAC.
 */
export function describeAudio(codec: Codec, config: Uint8Array): AudioDescription {
  if (isOpaque(codec)) return codec === Codec.vorbis ? { ...OPAQUE_AUDIO, codecString: "vorbis" } : OPAQUE_AUDIO;
  switch (codec) {
    case Codec.aac:
      return sound(parseAacConfig(config));
    case Codec.opus: {
      const { channels } = parseOpusHead(config);
      return { sampleRate: OPUS_SAMPLE_RATE, channels, samplesPerFrame: 0, codecString: "opus" };
    }
    case Codec.flac:
      return sound({ ...parseFlacConfig(config), codecString: "flac" });
    case Codec.mp3:
      return { ...OPAQUE_AUDIO, codecString: "mp3" };
    case Codec.mp2:
      return { ...OPAQUE_AUDIO, codecString: "mp4a.40.33" };
    case Codec.ac3:
      return { ...(config.length === 0 ? OPAQUE_AUDIO : ac3Sound(parseDac3(config))), codecString: "ac-3" };
    case Codec.eac3:
      return { ...(config.length === 0 ? OPAQUE_AUDIO : eac3Sound(parseDec3(config))), codecString: "ec-3" };
    case Codec.avc:
    case Codec.hevc:
    case Codec.av1:
    case Codec.vp8:
    case Codec.vp9:
    case Codec.amf0:
      return OPAQUE_AUDIO;
  }
}

function sound({ sampleRate, channels, samplesPerFrame, codecString }: AudioDescription): AudioDescription {
  return { sampleRate, channels, samplesPerFrame, codecString };
}

/** Codecs whose frames say all by themselves and that come without a record. */
export type SelfDescribed = typeof Codec.mp3 | typeof Codec.mp2 | typeof Codec.ac3 | typeof Codec.eac3;

/**
 * What a frame of MP3, MP2, AC-3 or E-AC-3 says, and the record to keep with the track: dac3 or dec3, empty for the first two.
 *
 * Throws `ProtocolError` where it does not begin with its sync word.
 */
export function describeAudioFrame(codec: SelfDescribed, frame: Uint8Array): AudioDescription & Pick<AudioTrack, "config"> {
  switch (codec) {
    case Codec.mp3:
    case Codec.mp2:
      return { ...sound(parseMpegAudioHeader(frame)), config: new Uint8Array() };
    case Codec.ac3: {
      const header = parseAc3Frame(frame);
      return { ...ac3Sound(header), codecString: "ac-3", config: dac3From(header) };
    }
    case Codec.eac3: {
      const packet = parseEac3Packet(frame);
      return { ...packet.sound, codecString: "ec-3", config: dec3From(packet) };
    }
  }
}

const alwaysClosed: ReadonlySet<Codec> = new Set<Codec>([...Object.values(OpaqueAudio), Codec.mjpeg]);

/**
 * What a frame, in the form our frames have, is for someone who starts at it or leaves it out. Every audio packet, data message and picture of
 * Motion JPEG is a closed access point. Undefined for video that we do not parse: its container has to say.
 *
 * @param config the track's decoder configuration record
 */
export function frameAccess(codec: Codec, config: Uint8Array, data: Uint8Array): FrameAccess | undefined {
  if (isOpaque(codec)) return alwaysClosed.has(codec) ? Access.closed : undefined;
  switch (codec) {
    case Codec.avc:
      return avcAccess(data);
    case Codec.hevc:
      return hevcAccess(data, hevcTemporalLayers(config));
    case Codec.av1:
      return av1Access(data, av1HasSequence(config));
    case Codec.vp8:
      return vp8Access(data);
    case Codec.vp9:
      return vp9Access(data);
    case Codec.aac:
    case Codec.mp3:
    case Codec.mp2:
    case Codec.opus:
    case Codec.flac:
    case Codec.ac3:
    case Codec.eac3:
    case Codec.amf0:
      return Access.closed;
  }
}
