/** The packets that begin a stream in Ogg: Opus (RFC 7845 5), FLAC (RFC 9639 10.1), Vorbis (Vorbis I, A.2). */
import { Writer } from "../../bytes/writer.ts";
import { STREAMINFO_LENGTH } from "../../media/flac.ts";
import { Codec } from "../../media/track.ts";
import type { AudioTrack } from "../../media/track.ts";
import { parseVorbisConfig } from "../../media/vorbis.ts";

const VENDOR = "Millrace";
/** FLAC metadata blocks (RFC 9639 8.1): the types, and the bit of the last one. */
const Block = { streamInfo: 0, vorbisComment: 4, last: 0x80 } as const;
/** In STREAMINFO: what lies between sample format and checksum, 36 bits of which the first 4 share a byte. */
const TOTAL_SAMPLES_AT = 13;

/** The header packets of a track that the container can carry; the first is on a page of its own. */
export function headerPackets(track: AudioTrack): readonly Uint8Array[] {
  switch (track.codec) {
    case Codec.opus:
      return [track.config, new Writer(32).ascii("OpusTags").bytes(comments()).done()];
    case Codec.flac:
      return [flacHeader(track.config), flacComments()];
    case Codec.vorbis:
      return parseVorbisConfig(track.config).headers;
    default:
      throw new Error(`no header packets of ${track.codec}`);
  }
}

/** A Vorbis comment header without comments (Vorbis I, 5.2.1), framing apart. */
function comments(): Uint8Array {
  return new Writer(16).u32le(VENDOR.length).ascii(VENDOR).u32le(0).done();
}

/** STREAMINFO without the length and checksum that a file may have had: what comes has no end. */
function flacHeader(streamInfo: Uint8Array): Uint8Array {
  const out = new Writer(64).u8(0x7f).ascii("FLAC").u8(1).u8(0).u16(1).ascii("fLaC").u8(Block.streamInfo).u24(STREAMINFO_LENGTH);
  out.bytes(streamInfo.subarray(0, TOTAL_SAMPLES_AT)).u8(streamInfo[TOTAL_SAMPLES_AT]! & 0xf0);
  return out.zeros(STREAMINFO_LENGTH - TOTAL_SAMPLES_AT - 1).done();
}

function flacComments(): Uint8Array {
  const body = comments();
  return new Writer(32)
    .u8(Block.last | Block.vorbisComment)
    .u24(body.length)
    .bytes(body)
    .done();
}
