/**
 * Sample entries (ISO/IEC 14496-12 8.5.2, 12.1.3, 12.2.3) with their decoder configuration boxes: what a decoder
 * must know of a track before its first frame.
 *
 * Bindings: AVC and HEVC ISO/IEC 14496-15; AV1 "AV1 Codec ISO Media File Format Binding"; VP8 and VP9 "VP Codec ISO
 * Media File Format Binding"; MPEG audio ISO/IEC 14496-14; Opus and FLAC "in ISOBMFF"; AC-3 ETSI TS 102 366 Annex F.
 */
import { Reader } from "../../bytes/reader.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { parseFlacConfig } from "../../media/flac.ts";
import { dopsFrom, parseOpusHead } from "../../media/opus.ts";
import { Codec, TrackKind } from "../../media/track.ts";
import type { AudioTrack, VideoTrack } from "../../media/track.ts";
import { audioTimescale } from "./audio-clock.ts";
import { box, fields, fullBox } from "./boxes.ts";
import { ObjectType, esds } from "./esds.ts";
import { sampleEntryType } from "./carried.ts";

/** Bytes of a visual sample entry before its child boxes, the box header not counted. */
export const visualEntrySize = 78;
/** Bytes of an audio sample entry before its child boxes, the box header not counted. */
export const audioEntrySize = 28;

/** The sample entry of a track that `carriedByFmp4` lets pass. */
export function sampleEntry(track: VideoTrack | AudioTrack): Uint8Array {
  const type = sampleEntryType(track.codec);
  if (type === undefined) throw new Error(`no sample entry for ${track.codec}`);
  return track.kind === TrackKind.video ? visualEntry(type, track) : audioEntry(type, track);
}

function visualEntry(type: string, track: VideoTrack): Uint8Array {
  const head = fields((out) =>
    out
      .zeros(6)
      .u16(1) // data_reference_index
      .zeros(16)
      .u16(Math.min(track.width, 0xffff))
      .u16(Math.min(track.height, 0xffff))
      .u32(0x0048_0000) // 72 dots per inch, both ways
      .u32(0x0048_0000)
      .u32(0)
      .u16(1) // frames per sample
      .zeros(32) // compressor name
      .u16(0x18) // depth
      .u16(0xffff),
  );
  return box(type, head, videoConfig(track));
}

function videoConfig(track: VideoTrack): Uint8Array {
  switch (track.codec) {
    case Codec.avc:
      return box("avcC", track.config);
    case Codec.hevc:
      return box("hvcC", withCompleteArrays(track.config));
    case Codec.av1:
      return box("av1C", track.config);
    case Codec.vp8:
    case Codec.vp9:
      return fullBox("vpcC", 1, 0, vpConfig(track.config));
    default:
      throw new Error(`no video configuration box for ${track.codec}`);
  }
}

/** Profile 0, level unknown, 8 bits 4:2:0, unspecified colour: for VP8, which announces nothing. */
const plainVpConfig = [0, 0, 0x82, 2, 2, 2, 0, 0];

function vpConfig(config: Uint8Array): Uint8Array {
  return config.length >= 6 ? config : Uint8Array.from(plainVpConfig);
}

/**
 * `hvc1` promises that all parameter sets are in the record (14496-15 8.4.1: array_completeness is 1), and Safari
 * takes nothing else; live encoders leave the bit 0. A copy with the bit set; an odd record is left as it is.
 */
export function withCompleteArrays(hvcC: Uint8Array): Uint8Array {
  const out = new Uint8Array(hvcC); // not slice(): a Buffer's shares its memory
  try {
    const reader = new Reader(hvcC);
    reader.skip(22);
    for (let arrays = reader.u8(); arrays > 0; arrays--) {
      out[reader.at]! |= 0x80;
      reader.skip(1);
      for (let units = reader.u16(); units > 0; units--) reader.skip(reader.u16());
    }
  } catch (error) {
    if (error instanceof ProtocolError) return hvcC;
    throw error;
  }
  return out;
}

function audioEntry(type: string, track: AudioTrack): Uint8Array {
  const rate = audioTimescale(track);
  const head = fields((out) =>
    out
      .zeros(6)
      .u16(1) // data_reference_index
      .zeros(8)
      .u16(track.channels > 0 ? track.channels : 2)
      .u16(sampleSize(track))
      .u32(0)
      .u16(rate < 0x1_0000 ? rate : 0) // 16.16: higher rates do not fit, decoders read the configuration
      .u16(0),
  );
  return box(type, head, audioConfig(track));
}

/** Bits of a sample: nominal, but FLAC's must be that of its STREAMINFO (RFC 9639 8.2), or Chromium refuses it. */
function sampleSize(track: AudioTrack): number {
  if (track.codec !== Codec.flac) return 16;
  return parseFlacConfig(track.config).bitsPerSample;
}

function audioConfig(track: AudioTrack): Uint8Array {
  switch (track.codec) {
    case Codec.aac:
      return esds({ objectType: ObjectType.aac, config: track.config });
    case Codec.mp3:
      return esds({ objectType: mp3ObjectType(track), config: new Uint8Array(0) });
    case Codec.opus:
      return box("dOps", dopsFrom(parseOpusHead(track.config)));
    case Codec.flac:
      return fullBox(
        "dfLa",
        0,
        0,
        fields((out) => out.u8(0x80).u24(34).bytes(track.config.subarray(0, 34))),
      );
    case Codec.ac3:
      return box("dac3", track.config);
    case Codec.eac3:
      return box("dec3", track.config);
    default:
      throw new Error(`no audio configuration box for ${track.codec}`);
  }
}

/** MPEG-2 has the half sampling rates, MPEG-1 the others. */
export function mp3ObjectType(track: AudioTrack): ObjectType {
  return track.sampleRate > 0 && track.sampleRate <= 24_000 ? ObjectType.mpeg2Audio : ObjectType.mpeg1Audio;
}
