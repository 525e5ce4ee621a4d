/** How many samples one coded audio frame decodes to. */
import { Codec } from "../../media/track.ts";
import type { AudioTrack } from "../../media/track.ts";

/** The samples that `data` decodes to at the track's sampling rate; undefined where only the stamps can tell. */
export function samplesIn(track: AudioTrack, data: Uint8Array): number | undefined {
  if (track.codec === Codec.opus) return opusSamples(data) ?? (track.samplesPerFrame || undefined);
  if (track.samplesPerFrame > 0) return track.samplesPerFrame;
  switch (track.codec) {
    case Codec.aac:
      return 1024;
    case Codec.mp3:
      return track.sampleRate > 0 && track.sampleRate <= 24_000 ? 576 : 1152;
    case Codec.ac3:
      return 1536;
    default:
      return undefined;
  }
}

/** Samples of one Opus frame at 48 kHz by the four sizes of SILK, hybrid and CELT modes, RFC 6716 3.1. */
const silk = [480, 960, 1920, 2880] as const;
const hybrid = [480, 960] as const;
const celt = [120, 240, 480, 960] as const;

/** Samples at 48 kHz in an Opus packet, from its first bytes (RFC 6716 3.1, 3.2); undefined where it has no frames. */
export function opusSamples(packet: Uint8Array): number | undefined {
  const toc = packet[0];
  if (toc === undefined) return undefined;
  const mode = toc >> 3;
  const each = mode < 12 ? silk[mode & 3]! : mode < 16 ? hybrid[mode & 1]! : celt[mode & 3]!;
  const count = [1, 2, 2, (packet[1] ?? 0) & 0x3f][toc & 3]!;
  return count > 0 ? each * count : undefined;
}
