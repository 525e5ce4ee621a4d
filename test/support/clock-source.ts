/** A camera that shows a clock: pictures made as they are due, encoded without delay and published by FFmpeg. */
import { setTimeout as delay } from "node:timers/promises";
import { bars, barsWrap, drawBars } from "./clock-bars.ts";
import type { RunningProgram } from "./program.ts";
import { start } from "./program.ts";

const width = bars.width;
const height = 360;
const framesPerSecond = 30;

/** H.264 without B-frames or lookahead, a key frame a second, and a tone. */
function encoder(url: string): string[] {
  const picture = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", `${width}x${height}`, "-framerate", `${framesPerSecond}`];
  return [
    ...["-hide_banner", "-loglevel", "warning", "-fflags", "nobuffer", "-use_wallclock_as_timestamps", "1", ...picture, "-i", "pipe:0"],
    ...["-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-map", "0:v", "-map", "1:a"],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", `${framesPerSecond}`, "-bf", "0", "-b:v", "1500k"],
    ...["-fps_mode", "passthrough", "-enc_time_base", "1:1000", "-c:a", "aac", "-b:a", "96k"],
    // Not held back for sound: FFmpeg would keep each picture until a sound of a later time is encoded.
    ...["-max_interleave_delta", "1", "-flush_packets", "1", "-tcp_nodelay", "1", "-f", "flv", url],
  ];
}

export class ClockSource implements AsyncDisposable {
  /** `Date.now()` at which the clock in the pictures was 0. */
  readonly epoch: number;
  /** What the clock showed in each picture that was made, in order. */
  readonly captured: number[] = [];
  /** Pictures that were due while the encoder had not taken the last one. */
  missed = 0;
  readonly #program: RunningProgram;
  readonly #picture = Buffer.alloc((width * height * 3) / 2, 128);
  #count = 0;
  #isTaken = true;
  #timer: NodeJS.Timeout | undefined;

  constructor(url: string) {
    this.epoch = Date.now();
    this.#program = start("ffmpeg", encoder(url), { input: "open" });
    this.#later();
  }

  /** Rejects if the encoder ends by itself. */
  get ended(): Promise<unknown> {
    return this.#program.succeeded();
  }

  /** Resolves when so many pictures have been made. */
  async made(count: number): Promise<void> {
    while (this.captured.length < count) await delay(1000 / framesPerSecond);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    this.#program.stdin.end();
    await this.#program[Symbol.asyncDispose]();
  }

  #later(): void {
    this.#count += 1;
    const due = this.epoch + (this.#count * 1000) / framesPerSecond;
    this.#timer = setTimeout(() => this.#capture(), Math.max(0, due - Date.now()));
  }

  #capture(): void {
    if (this.#isTaken) {
      this.#isTaken = false;
      this.#paint();
      this.#program.stdin.write(this.#picture, () => (this.#isTaken = true));
    } else {
      this.missed += 1;
    }
    this.#later();
  }

  #paint(): void {
    const luma = this.#picture.subarray(0, width * height);
    // Something that moves below the clock, so that pictures differ as those of a camera do.
    for (let y = bars.height; y < height; y++) {
      const from = y * width;
      luma.fill(70 + (y >> 2), from, from + width);
      const left = (this.#count * 7 + y) % (width - 60);
      luma.fill(180, from + left, from + left + 60);
    }
    const now = Date.now() - this.epoch;
    drawBars(luma, now);
    this.captured.push(now % barsWrap);
  }
}
