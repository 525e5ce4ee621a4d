/** What FFmpeg makes for us: every format of ffserver that we do not write, played by FFmpeg while a stream is published. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { makeClip } from "../support/clip.ts";
import { run, start, type RunningProgram } from "../support/program.ts";
import { Place } from "../interop/place.ts";
import type { ServerOptions } from "../../src/index.ts";

const name = "live/cam";

function publish(clip: string, place: Place): RunningProgram {
  return start("ffmpeg", ["-v", "error", "-nostdin", "-re", "-stream_loop", "-1", "-i", clip, "-c", "copy", "-f", "flv", place.rtmp(name)]);
}

async function live(options: ServerOptions = {}): Promise<Place> {
  return Place.open({ ...options, transcode: { enabled: true, max: 8, linger: "1s", ...options.transcode } });
}

interface Got {
  readonly codecs: readonly string[];
  /** Frames that it decoded. */
  readonly video: number;
  readonly audio: number;
}

/** What FFmpeg plays of a URL in so many seconds of media. */
async function played(url: string, seconds: number): Promise<Got> {
  const input = ["-v", "info", "-nostdin", "-rw_timeout", "20000000", "-t", String(seconds), "-i", url, "-map", "0:v?", "-map", "0:a?"];
  const { stdout, stderr } = await run("ffmpeg", [...input, "-f", "framemd5", "-"]);
  const about = stderr.slice(stderr.indexOf("Input #0"), stderr.indexOf("Stream mapping"));
  const codecs = [...about.matchAll(/Stream #0:\d.*?: (?:Video|Audio): (\w+)/g)].map(([, codec]) => codec!);
  const text = stdout.toString("utf8");
  const kinds = new Map([...text.matchAll(/^#media_type (\d+): (\w+)/gm)].map(([, index, kind]) => [index!, kind!]));
  const frames = (wanted: string): number => [...text.matchAll(/^(\d+),/gm)].filter(([, index]) => kinds.get(index!) === wanted).length;
  return { codecs: codecs.sort(), video: frames("video"), audio: frames("audio") };
}

const formats = [
  ["asf", "video/x-ms-asf", ["msmpeg4v3", "wmav2"]],
  ["mpg", "video/mpeg", ["mp2", "mpeg1video"]],
  ["vob", "video/mpeg", ["mp2", "mpeg2video"]],
  ["m1v", "video/mpeg", ["mpeg1video"]],
  ["avi", "video/x-msvideo", ["mp3", "mpeg4"]],
  ["ogv", "video/ogg", ["theora", "vorbis"]],
  ["rm", "application/vnd.rn-realmedia", ["ac3", "rv10"]],
  ["swf", "application/x-shockwave-flash", ["flv1", "mp3"]],
  ["webm", 'video/webm; codecs="vp8,opus"', ["opus", "vp8"]],
  ["mjpg", "multipart/x-mixed-replace;boundary=ffserver", ["mjpeg"]],
  ["mp3", "audio/mpeg", ["mp3"]],
] as const;

describe("formats that FFmpeg makes", { concurrency: 2 }, () => {
  for (const [ending, type, codecs] of formats) {
    it(`.${ending}: the first viewer and one who joins it later`, async () => {
      await using place = await live();
      await using publishing = publish(await makeClip({ seconds: 10 }), place);
      await place.until(() => place.server.stream(name).state === "live", "it is live");
      const url = `http://127.0.0.1:${place.httpPort}/${name}.${ending}`;
      const check = async (): Promise<void> => {
        const got = await played(url, 2);
        assert.deepEqual(got.codecs, codecs);
        if (codecs.length > 1 || ending !== "mp3") assert.ok(got.video > 20, `${got.video} pictures`);
        if (codecs.length > 1 || ending === "mp3") assert.ok(got.audio > 20, `${got.audio} frames of sound`);
      };
      const response = await fetch(url);
      assert.deepEqual([response.status, response.headers.get("content-type")], [200, type]);
      await Promise.all([check(), response.body!.cancel()]);
      await check();
      await publishing.stop();
    });
  }
});

const copied = [
  { video: "msmpeg4v2", audio: "wmav2", ending: "asf" },
  { video: "mpeg1video", audio: "mp2", ending: "mpg" },
  { video: "mpeg4", audio: "mp3", ending: "avi" },
] as const;

describe("what a format carries goes into it as it is", () => {
  for (const { video, audio, ending } of copied) {
    it(`${video} and ${audio} in .${ending}`, async () => {
      await using place = await live();
      const clip = await makeClip({ video, audio, container: "mkv", seconds: 6 });
      const base = `http://127.0.0.1:${place.httpPort}/${name}`;
      const to = ["-f", "matroska", "-cluster_time_limit", "50", "-method", "POST", base];
      await using publishing = start("ffmpeg", ["-v", "error", "-nostdin", "-re", "-i", clip, "-c", "copy", ...to]);
      const [got, sent] = await Promise.all([pictures(`${base}.${ending}`), pictures(clip)]);
      await publishing.succeeded();
      assert.ok(got.length > sent.length / 2, `${got.length} of ${sent.length} pictures`);
      assert.deepEqual(got, sent.slice(-got.length));
    });
  }
});

/** Hashes of the pictures of a file or stream. */
async function pictures(source: string): Promise<string[]> {
  const { stdout } = await run("ffmpeg", ["-v", "error", "-nostdin", "-i", source, "-map", "0:v:0", "-c", "copy", "-f", "framemd5", "-"]);
  const lines = stdout.toString("utf8").split("\n");
  return lines.filter((line) => line.startsWith("0,")).map((line) => line.split(",").at(-1)!.trim());
}
