/**
 * A container from outside: sound without compression (G.711, PCM) as an endless WAV file at `/APP/STREAM.wav`.
 *
 *     plugins: [./wav.ts]          in the settings' file
 *     plugins: [wav]               in createServer()
 */
import type { AudioTrack, Frame, Generation, Muxer, MuxerSink, Plugin } from "../../src/index.ts";

/** Format tags (RFC 2361) and bits of a sample. */
function formatOf({ codec, flvHeader }: Pick<AudioTrack, "codec" | "flvHeader">): { tag: number; bits: number } | undefined {
  if (codec === "pcm-alaw") return { tag: 6, bits: 8 };
  if (codec === "pcm-mulaw") return { tag: 7, bits: 8 };
  // Only RTMP and FLV tell how long a sample is, in the first byte of their tags.
  return codec === "pcm-le" && flvHeader !== undefined ? { tag: 1, bits: (flvHeader & 2) === 0 ? 8 : 16 } : undefined;
}

/** RIFF and fmt chunks, and a data chunk that never ends: both lengths are the longest there are. */
function header({ sampleRate, channels, ...track }: AudioTrack): Uint8Array {
  const { tag, bits } = formatOf({ ...track })!;
  const bytes = Buffer.alloc(46);
  bytes.write("RIFF____WAVEfmt ", "latin1");
  bytes.writeUInt32LE(0xffff_ffff, 4);
  bytes.writeUInt32LE(18, 16);
  bytes.writeUInt16LE(tag, 20);
  bytes.writeUInt16LE(channels, 22);
  bytes.writeUInt32LE(sampleRate, 24);
  bytes.writeUInt32LE((sampleRate * channels * bits) / 8, 28);
  bytes.writeUInt16LE((channels * bits) / 8, 32);
  bytes.writeUInt16LE(bits, 34);
  bytes.write("data", 38, "latin1");
  bytes.writeUInt32LE(0xffff_ffff, 42);
  return bytes;
}

class WavMuxer implements Muxer {
  readonly #sink: MuxerSink;
  #track: AudioTrack | undefined;

  constructor(sink: MuxerSink) {
    this.#sink = sink;
  }

  generation({ tracks }: Generation): void {
    const track = (tracks.find(({ isDefault }) => isDefault) ?? tracks[0]) as AudioTrack;
    if (track === this.#track) return;
    this.#track = track;
    // Without `change`: a player that has read one header cannot go on with another, so its response ends here.
    this.#sink.init({ bytes: header(track) });
  }

  frame({ track, dts, data }: Frame): void {
    const { id, timescale } = this.#track!;
    const micros = Math.round((dts / timescale) * 1e6);
    if (track === id) this.#sink.chunk({ parts: [data], dts: micros, randomAccess: true, urgent: true });
  }

  discontinuity(): void {}
  flush(): void {}
}

const wav: Plugin = {
  name: "wav",
  setup(context) {
    context.addContainer({
      name: "wav",
      title: "WAV",
      extensions: ["wav"],
      mimeType: "audio/wav",
      kinds: ["audio"],
      cannotCarry: (track) => (formatOf(track) ? undefined : `WAV carries G.711 and PCM, not ${track.codec}`),
      players: { http: "browsers, VLC, FFmpeg" },
      muxer: () => (sink) => new WavMuxer(sink),
    });
  },
};

export default wav;
