import type { Scheduler } from "../../hub/scheduler.ts";
import { FfmpegProgram } from "../transcode/ffmpeg-program.ts";

/** Bytes of a picture at most. */
const MAX_PICTURE = 16 * 1024 * 1024;

/** What a picture is made of, and how long that may take. */
export interface PictureOrder {
  readonly path: string;
  readonly demuxer: "matroska" | "flv";
  readonly bytes: Uint8Array;
  /** Milliseconds. */
  readonly timeout: number;
  readonly nice: number;
  readonly scheduler: Scheduler;
}

/** Has FFmpeg make a JPEG of a file with one picture. Rejects with what it said where it does not. */
export async function decodePicture({ path, demuxer, bytes, timeout, nice, scheduler }: PictureOrder): Promise<Uint8Array> {
  const program = new FfmpegProgram(path, pictureArguments(demuxer), nice);
  let fault = "";
  const stop = (why: string): void => {
    fault ||= why;
    program.kill();
  };
  const cancel = scheduler.after(timeout, () => stop(`it took more than ${timeout} ms`));
  const parts: Buffer[] = [];
  let length = 0;
  program.stdout.on("data", (part: Buffer) => {
    length += part.length;
    if (length > MAX_PICTURE) stop("it wrote more than a picture");
    else parts.push(part);
  });
  program.stdin.end(bytes);
  const { code, words } = await program.ended;
  cancel();
  const picture = Buffer.concat(parts);
  const isJpeg = picture[0] === 0xff && picture[1] === 0xd8;
  if (fault === "" && code === 0 && isJpeg) return picture;
  throw new Error([fault, words, `exit code ${code ?? "none"}`, isJpeg ? "" : "no picture"].filter((each) => each !== "").join("; "));
}

/** Large pictures are made smaller: what is looked at is a thumbnail or a poster. */
function pictureArguments(demuxer: PictureOrder["demuxer"]): string[] {
  return [
    ...["-nostdin", "-hide_banner", "-loglevel", "error", "-nostats", "-protocol_whitelist", "pipe", "-threads", "1"],
    ...["-f", demuxer, "-i", "pipe:0", "-an", "-sn", "-dn", "-frames:v", "1", "-map_metadata", "-1"],
    ...["-vf", "scale='min(1280,iw)':-2", "-pix_fmt", "yuvj420p", "-c:v", "mjpeg", "-q:v", "4", "-f", "image2pipe", "pipe:1"],
  ];
}
