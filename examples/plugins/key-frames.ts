/**
 * A protocol from outside, with options of its own: the newest key frame of an H.264 stream, as it was coded or as a picture. Whoever may watch
 * the stream may have it.
 *
 *     curl -o cam.h264 http://HOST:8080/plugins/key-frames/live/cam.h264
 *     curl -o cam.jpg http://HOST:8080/plugins/key-frames/live/cam.jpg          where FFmpeg is installed
 *
 *     plugins:
 *       - module: ./key-frames.ts
 *         options: { quality: 4, ffmpeg: /usr/bin/ffmpeg }
 */
import { spawn } from "node:child_process";
import { buffer } from "node:stream/consumers";
import type { Plugin, RouteInfo, StreamFrame, VideoTrack } from "../../src/index.ts";

interface Options {
  /** Of pictures, 2 (best) to 31. */
  readonly quality: number;
  /** The program that makes pictures. */
  readonly ffmpeg: string;
  /** Pictures that are made at one time. */
  readonly atOnce: number;
}

/** Milliseconds for a key frame to come, and for a picture to be made. */
const patience = 5000;

/** Any Standard Schema would do in its place. */
function readOptions(value: unknown): Options {
  const known = { quality: 4, ffmpeg: "ffmpeg", atOnce: 2 };
  const given = value as Partial<Options>;
  for (const key of Object.keys(given)) if (!(key in known)) throw at(key, `unknown key; there are ${Object.keys(known).join(", ")}`);
  const options = { ...known, ...given };
  if (!Number.isInteger(options.quality) || options.quality < 2 || options.quality > 31) throw at("quality", "must be 2 to 31");
  if (typeof options.ffmpeg !== "string" || options.ffmpeg === "") throw at("ffmpeg", "must be the name or path of a program");
  if (!Number.isInteger(options.atOnce) || options.atOnce < 1) throw at("atOnce", "must be a whole number from 1");
  return options;
}

/** A mistake, and where in the options it is. */
function at(key: string, words: string): Error {
  return Object.assign(new Error(words), { path: [key] });
}

/** The frame with its parameter sets before it, each NAL unit behind a start code (ITU-T H.264 Annex B). */
function accessUnit({ config, data }: { readonly config: Uint8Array; readonly data: Uint8Array }): Buffer {
  const start = Buffer.from([0, 0, 0, 1]);
  const units: Uint8Array[] = [];
  const lengths = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // The decoder configuration (ISO/IEC 14496-15 5.3.3.1): five bytes, then a list of SPS and one of PPS.
  for (let list = 0, from = 5; list < 2; list++) {
    const count = config[from++]! & (list === 0 ? 0x1f : 0xff);
    for (let index = 0; index < count; index++) {
      const length = lengths(config).getUint16(from);
      units.push(config.subarray(from + 2, from + 2 + length));
      from += 2 + length;
    }
  }
  for (let from = 0; from + 4 <= data.length;) {
    const length = lengths(data).getUint32(from);
    units.push(data.subarray(from + 4, from + 4 + length));
    from += 4 + length;
  }
  return Buffer.concat(units.flatMap((unit) => [start, unit]));
}

const keyFrames: Plugin<Options> = {
  name: "key-frames",
  options: { parse: readOptions },
  setup(context) {
    const { options, log } = context;
    /** Pictures by the frame that they show, for as long as somebody has that. */
    const pictures = new WeakMap<Uint8Array, Promise<Buffer>>();
    let making = 0;

    async function newestKeyFrame(stream: string, info: RouteInfo): Promise<StreamFrame | undefined> {
      using viewer = await context.play(info.peer(stream), { wait: 0 });
      const signal = AbortSignal.timeout(patience);
      const isVideo = ({ kind }: { readonly kind: string }): boolean => kind === "video";
      try {
        for await (const frame of viewer.frames({ tracks: isVideo, signal })) if (frame.sap !== 0) return frame;
      } catch (error) {
        if (!signal.aborted) throw error;
      }
      return undefined;
    }

    async function picture(unit: Buffer): Promise<Buffer> {
      making += 1;
      try {
        const args = ["-v", "error", "-f", "h264", "-i", "-", "-frames:v", "1", "-q:v", String(options.quality), "-f", "mjpeg", "-"];
        const child = spawn(options.ffmpeg, args, { stdio: ["pipe", "pipe", "ignore"], timeout: patience, killSignal: "SIGKILL" });
        const failed = new Promise<never>((_, reject) => child.once("error", reject));
        child.stdin.on("error", () => undefined).end(unit);
        return await Promise.race([buffer(child.stdout), failed]);
      } finally {
        making -= 1;
      }
    }

    async function answer(info: RouteInfo): Promise<Response> {
      const [, stream, form] = /^(.+)\.(h264|jpg)$/.exec(info.rest) ?? [];
      if (stream === undefined) return new Response("Ask for APP/STREAM.h264 or .jpg\n", { status: 404 });
      const frame = await newestKeyFrame(stream, info);
      if (frame === undefined) return new Response("No key frame has come.\n", { status: 504 });
      if (frame.track.codec !== "avc") return new Response("There is no H.264 in this stream.\n", { status: 415 });
      const headers = { "Cache-Control": "no-store", "X-Picture-Time": new Date(utcOf(frame)).toISOString() };
      const unit = accessUnit({ config: frame.track.config, data: frame.data });
      if (form === "h264") return new Response(new Uint8Array(unit), { headers: { ...headers, "Content-Type": "video/h264" } });
      if (!pictures.has(frame.data)) {
        if (making >= options.atOnce) return new Response("Busy.\n", { status: 503, headers: { "Retry-After": "1" } });
        pictures.set(frame.data, picture(unit));
      }
      const jpeg = await pictures.get(frame.data)!.catch((err: unknown) => {
        log.warn({ err }, "no picture could be made");
        return Buffer.alloc(0);
      });
      if (jpeg.length === 0) return new Response(`${options.ffmpeg} made no picture of it.\n`, { status: 501 });
      return new Response(new Uint8Array(jpeg), { headers: { ...headers, "Content-Type": "image/jpeg" } });
    }

    context.addRoute({ handle: (_request, info) => answer(info) });
  },
};

/** When it was to be seen, Unix milliseconds. */
function utcOf({ pts, track, utcOffset }: StreamFrame): number {
  return utcOffset + (pts / (track as VideoTrack).timescale) * 1000;
}

export default keyFrames;
