import { videoDecoderConfig } from "./capabilities.ts";
import { sameDecoding } from "./stream.ts";
import type { StreamFragment, StreamTrack } from "./stream.ts";

/** Decoded pictures kept; a hidden page draws none, and decoders have few to give. */
const mostPictures = 30;

/** Decodes video and draws what is due on a canvas. Times in seconds of the stream's clock. */
export class CanvasVideo {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D | null;
  readonly #failed: (message: string) => void;
  #decoder: VideoDecoder | undefined;
  #track: StreamTrack | undefined;
  #needsSync = true;
  /** Decoded and not shown yet, earliest first. */
  #pictures: VideoFrame[] = [];
  #shown = 0;
  #dropped = 0;

  constructor(canvas: HTMLCanvasElement, failed: (message: string) => void) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d", { alpha: false, desynchronized: true });
    this.#failed = failed;
  }

  get shownFrames(): number {
    return this.#shown;
  }
  get droppedFrames(): number {
    return this.#dropped;
  }
  /** Time of the next picture; undefined where none is decoded. */
  get next(): number | undefined {
    const first = this.#pictures[0];
    return first === undefined ? undefined : first.timestamp / 1e6;
  }

  configure(track: StreamTrack): void {
    if (this.#track !== undefined && sameDecoding(this.#track, track)) return;
    this.#track = track;
    this.#restart();
  }

  /** Forgets what is decoded and waits for a key frame. */
  reset(): void {
    if (this.#track !== undefined) this.#restart();
  }

  decode(fragment: StreamFragment): void {
    if (this.#needsSync && !fragment.sync) return;
    this.#needsSync = false;
    for (const { time, duration, sync, data } of fragment.samples) {
      const type = sync ? "key" : "delta";
      this.#decoder?.decode(new EncodedVideoChunk({ type, timestamp: Math.round(time * 1e6), duration: Math.round(duration * 1e6), data }));
    }
  }

  /** Draws the newest picture that is due. @returns whether there was one. */
  draw(now: number): boolean {
    let due: VideoFrame | undefined;
    while (this.#pictures[0] !== undefined && this.#pictures[0].timestamp / 1e6 <= now + 0.004) {
      if (due !== undefined) this.#drop(due);
      due = this.#pictures.shift();
    }
    if (due === undefined) return false;
    const { displayWidth, displayHeight } = due;
    if (this.#canvas.width !== displayWidth) this.#canvas.width = displayWidth;
    if (this.#canvas.height !== displayHeight) this.#canvas.height = displayHeight;
    this.#context?.drawImage(due, 0, 0, displayWidth, displayHeight);
    due.close();
    this.#shown += 1;
    return true;
  }

  close(): void {
    this.#clear();
    if (this.#decoder !== undefined && this.#decoder.state !== "closed") this.#decoder.close();
    this.#decoder = undefined;
  }

  #restart(): void {
    this.close();
    this.#needsSync = true;
    const decoder: VideoDecoder = new VideoDecoder({
      output: (picture) => (decoder === this.#decoder ? this.#keep(picture) : picture.close()),
      error: (error) => decoder === this.#decoder && this.#failed(error.message),
    });
    this.#decoder = decoder;
    decoder.configure(videoDecoderConfig(this.#track!));
  }

  #keep(picture: VideoFrame): void {
    this.#pictures.push(picture);
    this.#pictures.sort((a, b) => a.timestamp - b.timestamp);
    if (this.#pictures.length > mostPictures) this.#drop(this.#pictures.shift()!);
  }

  #drop(picture: VideoFrame): void {
    picture.close();
    this.#dropped += 1;
  }

  #clear(): void {
    for (const picture of this.#pictures) picture.close();
    this.#pictures = [];
  }
}
