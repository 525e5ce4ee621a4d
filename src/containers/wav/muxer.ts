import { Writer } from "../../bytes/writer.ts";
import { codecNames } from "../../media/codec-name.ts";
import type { MuxerFactory } from "../../media/muxer.ts";
import { Codec } from "../../media/track.ts";
import type { AudioTrack, Track } from "../../media/track.ts";
import { pcmBits, waveFormatOf } from "../../media/wave-format.ts";
import { audioMuxer } from "../audio-muxer.ts";

/** The size of what has no end, in RIFF. */
const ENDLESS = 0xffff_ffff;

/** Why WAV cannot carry the track, in words for a viewer; undefined where it can. */
export function notCarriedByWav(track: Track): string | undefined {
  const { codec } = track;
  if (codec !== Codec.pcmLe && codec !== Codec.pcmAlaw && codec !== Codec.pcmMulaw)
    return `WAV carries uncompressed PCM and G.711 here, not ${codecNames[codec]}`;
  return track.kind === "audio" && track.sampleRate > 0 ? undefined : "nothing says the sampling rate of its PCM";
}

/**
 * PCM and G.711 as an endless WAV file (Microsoft RIFF): a header whose sizes say "to the end", and the samples. It has no times: a hole in
 * the sound is not heard as one.
 */
export function wavMuxer(): MuxerFactory {
  return audioMuxer({
    refusal: notCarriedByWav,
    writer(track) {
      const whole = bytesOfSample(track);
      return {
        header: wavHeader(track),
        // Half a sample would turn all that follow into noise.
        frame: ({ data }) => (data.length < whole ? [] : [data.subarray(0, data.length - (data.length % whole))]),
      };
    },
  });
}

/** Bytes of one sample of all channels. */
function bytesOfSample(track: AudioTrack): number {
  return Math.max(track.channels, 1) * (track.codec === Codec.pcmLe ? pcmBits(track) / 8 : 1);
}

function wavHeader(track: AudioTrack): Uint8Array {
  const format = waveFormatOf(track)!;
  const out = new Writer(64).ascii("RIFF").u32le(ENDLESS).ascii("WAVE");
  out.ascii("fmt ").u32le(format.length).bytes(format);
  return out.ascii("data").u32le(ENDLESS).done();
}
