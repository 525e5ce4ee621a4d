/** Small clips for tests, made by FFmpeg of test pictures and a tone: each once for a run of `npm test`. */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./program.ts";

/** What a clip has. Everything has a default; what is written is what differs. */
export interface ClipOptions {
  /** Default `h264`; false for none. */
  readonly video?: keyof typeof videoEncoders | false;
  /** Default `aac`; false for none. */
  readonly audio?: keyof typeof audioEncoders | false;
  /** Default 3. */
  readonly seconds?: number;
  /** Pictures a second; default 25, whose times are whole milliseconds. */
  readonly fps?: number;
  /** Pictures from one key frame to the next; default 25. */
  readonly gop?: number;
  /** B-frames between two others, for `h264` and `hevc`; default 2. */
  readonly bFrames?: number;
  /** Default `320x180`. */
  readonly size?: string;
  /** Default 48000. */
  readonly sampleRate?: number;
  /** Hz of the tone: two clips with different tones are different clips; default 440. */
  readonly tone?: number;
  /** Default `flv` where Debian's FFmpeg 5.1 can write the codecs there, else `mp4`. */
  readonly container?: "flv" | "mp4" | "mkv" | "ts" | "webm";
}

const videoEncoders = {
  h264: ["libx264", "-preset", "veryfast", "-sc_threshold", "0"],
  /** As OBS and `-tune zerolatency` send it: several slices a picture, nothing looked ahead. */
  "h264-zerolatency": ["libx264", "-preset", "veryfast", "-tune", "zerolatency", "-sc_threshold", "0"],
  hevc: ["libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params", "log-level=error:scenecut=0:open-gop=0"],
  av1: ["libsvtav1", "-preset", "12", "-svtav1-params", "scd=0"],
  vp9: ["libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-lag-in-frames", "0"],
  vp8: ["libvpx", "-deadline", "realtime", "-cpu-used", "8"],
  flv1: ["flv"],
  mpeg4: ["mpeg4"],
  mpeg1video: ["mpeg1video"],
  msmpeg4v2: ["msmpeg4v2"],
  /** With the tables of T.81 K.3, as most encoders have them. */
  mjpeg: ["mjpeg", "-huffman", "default", "-q:v", "4"],
} as const;

const audioEncoders = {
  aac: ["aac"],
  mp3: ["libmp3lame"],
  opus: ["libopus"],
  vorbis: ["libvorbis"],
  mp2: ["mp2"],
  wmav2: ["wmav2"],
  flac: ["flac", "-strict", "-2"],
  ac3: ["ac3"],
  eac3: ["eac3"],
  "pcm-le": ["pcm_s16le"],
  "pcm-alaw": ["pcm_alaw", "-ar", "8000", "-ac", "1"],
  "pcm-mulaw": ["pcm_mulaw", "-ar", "8000", "-ac", "1"],
  speex: ["libspeex", "-ar", "16000", "-ac", "1"],
  nellymoser: ["nellymoser", "-ar", "22050", "-ac", "1"],
} as const;

const inFlv = new Set<string | false>([
  "h264",
  "h264-zerolatency",
  "flv1",
  "aac",
  "mp3",
  "pcm-alaw",
  "pcm-mulaw",
  "speex",
  "nellymoser",
  false,
]);

/** The path of a clip. It belongs to the run: read it, do not change or remove it. */
export async function makeClip(options: ClipOptions = {}): Promise<string> {
  const { video = "h264", audio = "aac" } = options;
  const { container = inFlv.has(video) && inFlv.has(audio) ? "flv" : "mp4" } = options;
  const args = clipArguments({ ...options, video, audio });
  const name = createHash("md5").update(JSON.stringify(args)).digest("hex").slice(0, 16);
  const file = join(clipFolder(), `${name}.${container}`);
  if (existsSync(file)) return file;
  // Test files run in processes of their own: a clip has its name only when it is complete.
  const unfinished = join(clipFolder(), `${name}-${process.pid}-${Math.random()}.${container}`);
  await run("ffmpeg", ["-v", "error", "-nostdin", "-y", ...args, unfinished]);
  renameSync(unfinished, file);
  return file;
}

function clipArguments(options: ClipOptions & Required<Pick<ClipOptions, "video" | "audio">>): string[] {
  const { video, audio, seconds = 3, fps = 25, gop = 25, bFrames = 2, size = "320x180", sampleRate = 48000, tone = 440 } = options;
  const inputs: string[] = [];
  const codecs: string[] = [];
  if (video !== false) {
    inputs.push("-f", "lavfi", "-i", `testsrc2=size=${size}:rate=${fps}`);
    codecs.push(
      "-pix_fmt",
      video === "mjpeg" ? "yuvj420p" : "yuv420p",
      "-c:v",
      ...videoEncoders[video],
      "-g",
      String(gop),
      "-keyint_min",
      String(gop),
    );
    if (video === "h264" || video === "hevc") codecs.push("-bf", String(bFrames));
  }
  if (audio !== false) {
    inputs.push("-f", "lavfi", "-i", `sine=frequency=${tone}:sample_rate=${sampleRate}`);
    codecs.push("-ac", "2", "-c:a", ...audioEncoders[audio]);
  }
  return [...inputs, "-t", String(seconds), ...codecs];
}

/** `npm test` makes one folder for all test files and removes it; a file run alone makes its own. */
function clipFolder(): string {
  const existing = process.env["TEST_CLIP_FOLDER"];
  if (existing !== undefined) return existing;
  const folder = mkdtempSync(join(tmpdir(), "millrace-test-"));
  process.env["TEST_CLIP_FOLDER"] = folder;
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
