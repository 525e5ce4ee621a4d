/** What MP4 carries here, under which sample entry, and in which words the rest is refused. */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { parseDac3 } from "../../media/ac3.ts";
import { codecNames } from "../../media/codec-name.ts";
import { parseFlacConfig } from "../../media/flac.ts";
import { parseOpusHead } from "../../media/opus.ts";
import { Codec, TrackKind, isOpaque } from "../../media/track.ts";
import type { Track } from "../../media/track.ts";

/** The four-character code of a codec's sample entry, or undefined where MP4 has none that players know. */
export function sampleEntryType(codec: Codec): string | undefined {
  if (isOpaque(codec)) return undefined;
  switch (codec) {
    case Codec.avc:
      return "avc1";
    case Codec.hevc:
      return "hvc1";
    case Codec.av1:
      return "av01";
    case Codec.vp8:
      return "vp08";
    case Codec.vp9:
      return "vp09";
    case Codec.aac:
    case Codec.mp3:
      return "mp4a";
    case Codec.opus:
      return "Opus";
    case Codec.flac:
      return "fLaC";
    case Codec.ac3:
      return "ac-3";
    case Codec.eac3:
      return "ec-3";
    case Codec.mp2:
    case Codec.amf0:
      return undefined;
  }
}

/** Fewest bytes a decoder configuration can have, by codec; 0 where the sample entry needs none. */
function leastConfig(codec: Codec): number {
  switch (codec) {
    case Codec.avc:
      return 7;
    case Codec.hevc:
      return 23;
    case Codec.av1:
      return 4;
    case Codec.vp9:
      return 6;
    case Codec.aac:
      return 2;
    case Codec.opus:
      return 19;
    case Codec.flac:
      return 34;
    case Codec.ac3:
      return 3;
    case Codec.eac3:
      return 5;
    default:
      return 0;
  }
}

/** Why MP4 cannot carry this track, in words for a viewer; undefined where it can. */
export function carriedByFmp4(track: Track): string | undefined {
  if (track.kind === TrackKind.data) return `MP4 for live players does not carry ${codecNames[track.codec]}`;
  if (sampleEntryType(track.codec) === undefined) return `MP4 cannot carry ${codecNames[track.codec]}`;
  if (track.config.length < leastConfig(track.codec))
    return `the publisher has sent no decoder configuration for its ${codecNames[track.codec]}`;
  if (isDamaged(track)) return `the decoder configuration of its ${codecNames[track.codec]} is damaged`;
  // ETSI TS 102 366 F.4 knows nothing of half and quarter rates, bsid 9 and 10; FFmpeg refuses to write them, too.
  if (track.codec === Codec.ac3 && parseDac3(track.config).bsid > 8) return "MP4 cannot carry AC-3 of less than 32 kHz";
  return undefined;
}

/** Records that are not copied as they are must be readable. */
function isDamaged(track: Track): boolean {
  try {
    if (track.codec === Codec.opus) parseOpusHead(track.config);
    if (track.codec === Codec.flac) parseFlacConfig(track.config);
    if (track.codec === Codec.ac3) parseDac3(track.config);
    return false;
  } catch (error) {
    if (error instanceof ProtocolError) return true;
    throw error;
  }
}
