/** How many samples one coded audio frame decodes to, from its own first bytes where frames of one track differ. */
import { ProtocolError } from "../bytes/protocol-error.ts";
import { parseEac3Packet } from "./ac3-enhanced.ts";
import { flacFrameSamples } from "./flac.ts";
import { opusPacketSamples } from "./opus.ts";
import { Codec } from "./track.ts";
import type { AudioTrack } from "./track.ts";

/** The samples that `data` decodes to, at the track's sampling rate. At least 1; a damaged frame is taken for a usual one. */
export function samplesIn(track: AudioTrack, data: Uint8Array): number {
  const own = ownCount(track.codec, data);
  if (own > 0) return own;
  return track.samplesPerFrame > 0 ? track.samplesPerFrame : usualCount(track);
}

/** What the frame itself says; 0 where it says nothing. */
function ownCount(codec: Codec, data: Uint8Array): number {
  try {
    switch (codec) {
      case Codec.opus:
        return opusPacketSamples(data);
      case Codec.flac:
        return flacFrameSamples(data);
      case Codec.eac3:
        return parseEac3Packet(data).sound.samplesPerFrame;
      default:
        return 0;
    }
  } catch (error) {
    if (error instanceof ProtocolError) return 0;
    throw error;
  }
}

function usualCount(track: AudioTrack): number {
  switch (track.codec) {
    case Codec.mp3:
      return track.sampleRate > 0 && track.sampleRate <= 24_000 ? 576 : 1152;
    case Codec.mp2:
      return 1152;
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
