import { joined } from "../../bytes/joined.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { codecNames } from "../../media/codec-name.ts";
import { parseFlacConfig } from "../../media/flac.ts";
import type { Frame } from "../../media/frame.ts";
import { samplesIn } from "../../media/frame-samples.ts";
import type { MuxerFactory } from "../../media/muxer.ts";
import { OPUS_SAMPLE_RATE, parseOpusHead } from "../../media/opus.ts";
import { rescale } from "../../media/time.ts";
import { Codec } from "../../media/track.ts";
import type { AudioTrack, Track } from "../../media/track.ts";
import { parseVorbisConfig, vorbisBlockSize } from "../../media/vorbis.ts";
import { audioMuxer } from "../audio-muxer.ts";
import type { AudioWriter } from "../audio-muxer.ts";
import { headerPackets } from "./headers.ts";
import { PageFlag, PageWriter } from "./page.ts";

/** Seconds that frames may be ahead of the samples before them without leaving a hole. */
const HOLE = 0.1;

/** Why Ogg cannot carry the track, in words for a viewer; undefined where it can. */
export function notCarriedByOgg({ codec, config }: Track): string | undefined {
  const name = codecNames[codec];
  try {
    if (codec === Codec.opus) parseOpusHead(config);
    else if (codec === Codec.flac) parseFlacConfig(config);
    else if (codec === Codec.vorbis) parseVorbisConfig(config);
    else return `Ogg carries Opus, FLAC and Vorbis here, not ${name}`;
    return undefined;
  } catch (error) {
    if (error instanceof ProtocolError) return `the publisher has sent no decoder configuration for its ${name}, or a damaged one`;
    throw error;
  }
}

/**
 * Opus (RFC 7845), FLAC (RFC 9639 10.1) or Vorbis in Ogg (RFC 3533): the headers as the init, then a page for every packet, at once. The pages of
 * who joins later begin with a number and a position other than 0, as with radio stations.
 *
 * Positions are counted in samples; only a hole of more than 100 ms makes them step.
 */
export function oggMuxer(): MuxerFactory {
  return audioMuxer({ refusal: notCarriedByOgg, writer: (track) => new OggWriter(track) });
}

class OggWriter implements AudioWriter {
  readonly header: Uint8Array;
  readonly #pages: PageWriter;
  readonly #track: AudioTrack;
  readonly #rate: number;
  /** Samples of a packet, which in Vorbis depend on the one before. */
  readonly #samples: (data: Uint8Array) => number;
  /** Added to every position: Opus counts what its decoder drops, too. */
  readonly #ahead: number;
  /** Where the last packet ends, in samples. */
  #end = -Infinity;

  constructor(track: AudioTrack) {
    this.#track = track;
    this.#pages = new PageWriter(track.id);
    this.#rate = rateOf(track);
    this.#ahead = track.codec === Codec.opus ? parseOpusHead(track.config).preSkip : 0;
    this.#samples = track.codec === Codec.vorbis ? vorbisSamples(track) : (data) => samplesIn(track, data);
    const packets = headerPackets(track);
    this.header = joined(packets.flatMap((packet, i) => this.#pages.packet(packet, 0, i === 0 ? PageFlag.begin : PageFlag.none)));
  }

  frame({ pts, data }: Frame): readonly Uint8Array[] {
    // No sample lies before position 0, nor before what Opus' decoder drops.
    const time = Math.max(-this.#ahead, rescale(pts, this.#track.timescale, this.#rate));
    const samples = this.#samples(data);
    // Of the first packet of Vorbis nothing is heard: its time says little.
    if (samples === 0 && this.#end === -Infinity) return this.#pages.packet(data, time);
    if (time - this.#end > HOLE * this.#rate) this.#end = time;
    this.#end += samples;
    return this.#pages.packet(data, this.#end + this.#ahead);
  }
}

/** Positions per second. */
function rateOf({ codec, config }: AudioTrack): number {
  if (codec === Codec.opus) return OPUS_SAMPLE_RATE;
  return codec === Codec.flac ? parseFlacConfig(config).sampleRate : parseVorbisConfig(config).sampleRate;
}

function vorbisSamples(track: AudioTrack): (data: Uint8Array) => number {
  const config = parseVorbisConfig(track.config);
  let before = 0;
  return (data) => {
    const size = vorbisBlockSize(config, data);
    const samples = before === 0 || size === 0 ? 0 : (before + size) / 4;
    if (size > 0) before = size;
    return samples;
  };
}
