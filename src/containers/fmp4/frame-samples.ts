/** How many samples one coded audio frame decodes to, from its own first bytes where frames of one track differ. */
import { Codec } from "../../media/track.ts";
import type { AudioTrack } from "../../media/track.ts";

/** The samples that `data` decodes to, at the track's sampling rate. At least 1. */
export function samplesIn(track: AudioTrack, data: Uint8Array): number {
  const own = ownCount(track.codec, data);
  if (own !== undefined) return own;
  return track.samplesPerFrame > 0 ? track.samplesPerFrame : usualCount(track);
}

function ownCount(codec: Codec, data: Uint8Array): number | undefined {
  switch (codec) {
    case Codec.opus:
      return opusSamples(data);
    case Codec.flac:
      return flacSamples(data);
    case Codec.eac3:
      return eac3Samples(data);
    default:
      return undefined;
  }
}

function usualCount(track: AudioTrack): number {
  switch (track.codec) {
    case Codec.mp3:
      return track.sampleRate > 0 && track.sampleRate <= 24_000 ? 576 : 1152;
    case Codec.ac3:
    case Codec.eac3:
      return 1536;
    case Codec.opus:
      return 960;
    case Codec.flac:
      return 4096;
    default:
      return 1024;
  }
}

/** Samples of one Opus frame at 48 kHz by the sizes of the SILK, hybrid and CELT modes, RFC 6716 3.1. */
const silk = [480, 960, 1920, 2880] as const;
const hybrid = [480, 960] as const;
const celt = [120, 240, 480, 960] as const;

/** Samples at 48 kHz in an Opus packet, RFC 6716 3.1 and 3.2; undefined where it has no frames. */
export function opusSamples(packet: Uint8Array): number | undefined {
  const toc = packet[0];
  if (toc === undefined) return undefined;
  const mode = toc >> 3;
  const each = mode < 12 ? silk[mode & 3]! : mode < 16 ? hybrid[mode & 1]! : celt[mode & 3]!;
  const count = [1, 2, 2, (packet[1] ?? 0) & 0x3f][toc & 3]!;
  return count > 0 ? each * count : undefined;
}

/** Samples in a FLAC frame, RFC 9639 9.1; undefined where `data` is none. */
export function flacSamples(data: Uint8Array): number | undefined {
  if (data.length < 5 || data[0] !== 0xff || (data[1]! & 0xfe) !== 0xf8) return undefined;
  const code = data[2]! >> 4;
  if (code === 0) return undefined;
  if (code === 1) return 192;
  if (code < 6) return 576 << (code - 2);
  if (code > 7) return 256 << (code - 8);
  // The count itself, less one, comes after the coded number, whose first byte tells its length as in UTF-8.
  const ones = Math.clz32(~(data[4]! << 24));
  const at = 4 + Math.max(1, ones);
  const [high, low] = [data[at], data[at + 1]];
  if (high === undefined) return undefined;
  if (code === 6) return high + 1;
  return low === undefined ? undefined : high * 256 + low + 1;
}

/** Samples in an E-AC-3 frame, ETSI TS 102 366 E.1.3.1; undefined where `data` is none. */
export function eac3Samples(data: Uint8Array): number | undefined {
  if (data.length < 5 || data[0] !== 0x0b || data[1] !== 0x77) return undefined;
  const isHalfRate = data[4]! >> 6 === 3;
  return 256 * (isHalfRate ? 6 : [1, 2, 3, 6][(data[4]! >> 4) & 3]!);
}
