import { audioDecoderConfig } from "./capabilities.ts";
import type { MediaClock } from "./media-clock.ts";
import type { StreamFragment, StreamTrack } from "./stream.ts";

/** Sound is put where the last ended as long as that is about where it belongs. Seconds. */
const tolerance = 0.03;

/** Decodes audio and plays it at the times a clock says, through an AudioContext of its own. */
export class ContextAudio {
  readonly #clock: MediaClock;
  readonly #failed: (message: string) => void;
  #context: AudioContext | undefined;
  #gain: GainNode | undefined;
  #decoder: AudioDecoder | undefined;
  #track: StreamTrack | undefined;
  /** Decoded before the clock ran; times in seconds. */
  #early: { time: number; buffer: AudioBuffer }[] = [];
  readonly #playing = new Set<AudioBufferSourceNode>();
  /** Where, on the context's clock, the sound that was given to it ends. */
  #end = 0;
  #loudness = 1;

  constructor(clock: MediaClock, failed: (message: string) => void) {
    this.#clock = clock;
    this.#failed = failed;
  }

  /** Whether the browser lets it sound. */
  get isRunning(): boolean {
    return this.#context?.state === "running";
  }

  configure(track: StreamTrack): void {
    const before = this.#track;
    this.#track = track;
    if (before === undefined || before.sampleRate !== track.sampleRate) this.#openContext(track.sampleRate);
    this.reset();
    if (this.#decoder !== undefined && this.#decoder.state !== "closed") this.#decoder.close();
    const decoder: AudioDecoder = new AudioDecoder({
      output: (data) => (decoder === this.#decoder ? this.#decoded(data) : data.close()),
      error: (error) => decoder === this.#decoder && this.#failed(error.message),
    });
    this.#decoder = decoder;
    decoder.configure(audioDecoderConfig(track));
  }

  decode(fragment: StreamFragment): void {
    for (const { time, duration, data } of fragment.samples) {
      const timing = { timestamp: Math.round(time * 1e6), duration: Math.round(duration * 1e6) };
      this.#decoder?.decode(new EncodedAudioChunk({ type: "key", ...timing, data }));
    }
  }

  /** The browser may allow sound from now on: must be called from a gesture of the viewer where it insists. */
  async resume(): Promise<void> {
    const context = this.#context;
    if (context === undefined || context.state === "closed") return;
    await context.resume();
    if (context === this.#context) this.#clock.follow(() => context.currentTime);
  }

  setLoudness(loudness: number): void {
    this.#loudness = loudness;
    if (this.#gain !== undefined) this.#gain.gain.value = loudness;
  }

  /** The clock was set or started: sound that was placed is wrong, sound that waited is due. */
  replaced(): void {
    for (const source of this.#playing) source.stop();
    this.#playing.clear();
    this.#end = 0;
    const early = this.#early;
    this.#early = [];
    for (const { time, buffer } of early) this.#place(time, buffer);
  }

  reset(): void {
    this.#early = [];
    this.replaced();
  }

  close(): void {
    this.reset();
    if (this.#decoder !== undefined && this.#decoder.state !== "closed") this.#decoder.close();
    this.#decoder = undefined;
    this.#closeContext();
  }

  #openContext(sampleRate: number): void {
    this.#closeContext();
    const context = new AudioContext({ sampleRate, latencyHint: "interactive" });
    this.#context = context;
    this.#gain = context.createGain();
    this.#gain.gain.value = this.#loudness;
    this.#gain.connect(context.destination);
    void this.resume();
  }

  #closeContext(): void {
    if (this.#context === undefined) return;
    this.#clock.follow(() => performance.now() / 1000);
    void this.#context.close();
    this.#context = undefined;
  }

  #decoded(data: AudioData): void {
    const buffer = new AudioBuffer({ length: data.numberOfFrames, numberOfChannels: data.numberOfChannels, sampleRate: data.sampleRate });
    for (let channel = 0; channel < data.numberOfChannels; channel++) {
      data.copyTo(buffer.getChannelData(channel), { planeIndex: channel, format: "f32-planar" });
    }
    const time = data.timestamp / 1e6;
    data.close();
    if (this.#clock.isRunning) this.#place(time, buffer);
    else this.#early = [...this.#early.slice(-200), { time, buffer }];
  }

  #place(time: number, buffer: AudioBuffer): void {
    const context = this.#context;
    const due = this.#clock.due(time);
    if (context === undefined || this.#gain === undefined || due === undefined || !this.isRunning) return;
    const at = Math.abs(due - this.#end) < tolerance ? this.#end : due;
    if (at < context.currentTime) return;
    const source = new AudioBufferSourceNode(context, { buffer, playbackRate: this.#clock.rate });
    source.connect(this.#gain);
    source.addEventListener("ended", () => this.#playing.delete(source));
    source.start(at);
    this.#playing.add(source);
    this.#end = at + buffer.duration / this.#clock.rate;
  }
}
