/** Clips that FFmpeg makes, as tracks and frames: what `LiveClip` plays in a loop. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Fmp4Reader } from "../../src/containers/fmp4/reader.ts";
import type { MovieTrack } from "../../src/containers/fmp4/read-moov.ts";
import { fragmentSamples } from "../../src/containers/fmp4/samples.ts";
import type { SourceFrame } from "../../src/media/demuxer.ts";
import { Sap } from "../../src/media/frame.ts";
import { Codec } from "../../src/media/track.ts";
import type { Track } from "../../src/media/track.ts";
import { codecStringOf } from "../../src/containers/fmp4/read-codec.ts";
import { decoderDescription } from "../../web/player/decoder-config.ts";

const run = promisify(execFile);

export interface LoopClipOptions {
  readonly video?: "h264" | "vp9" | "none";
  readonly audio?: "aac" | "opus" | "none";
  /** Seconds; the clip is played in a loop, so a multiple of `gop`. */
  readonly seconds?: number;
  /** Seconds between key frames. */
  readonly gop?: number;
  readonly size?: `${number}x${number}`;
  readonly bFrames?: number;
}

export interface LoopClip {
  readonly tracks: readonly Track[];
  /** In order of decoding time. */
  readonly frames: readonly SourceFrame[];
  readonly seconds: number;
}

const frameRate = 25;

/** Moving test pictures and a tone. */
export async function makeLoopClip(options: LoopClipOptions = {}): Promise<LoopClip> {
  const { video = "h264", audio = "aac", seconds = 8, gop = 2, size = "640x360", bFrames = 0 } = options;
  const inputs: string[] = [];
  const codecs: string[] = [];
  if (video !== "none") inputs.push("-f", "lavfi", "-i", `testsrc2=size=${size}:rate=${frameRate}`);
  if (audio !== "none") inputs.push("-f", "lavfi", "-i", "sine=frequency=330:sample_rate=48000");
  const keys = ["-g", String(gop * frameRate), "-keyint_min", String(gop * frameRate)];
  const h264 = ["-c:v", "libx264", "-preset", "veryfast", "-bf", String(bFrames), "-sc_threshold", "0", "-pix_fmt", "yuv420p"];
  if (video === "h264") codecs.push(...h264, ...keys);
  if (video === "vp9") codecs.push("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "800k", ...keys);
  if (audio === "aac") codecs.push("-c:a", "aac", "-ac", "2", "-b:a", "96k");
  if (audio === "opus") codecs.push("-c:a", "libopus", "-ac", "2", "-b:a", "64k");
  const muxer = ["-movflags", "empty_moov+default_base_moof+frag_every_frame+delay_moov", "-f", "mp4", "pipe:1"];
  const args = ["-v", "error", "-nostdin", ...inputs, "-t", String(seconds), "-threads", "2", ...codecs, ...muxer];
  const { stdout } = await run("ffmpeg", args, { encoding: "buffer", maxBuffer: 64 * 1024 * 1024 });
  return { ...readClip(stdout), seconds };
}

function readClip(file: Uint8Array): Omit<LoopClip, "seconds"> {
  let tracks: readonly Track[] = [];
  const frames: SourceFrame[] = [];
  for (const event of new Fmp4Reader().push(file)) {
    if (event.type === "init") {
      tracks = event.movie.tracks.map(trackOf);
      continue;
    }
    for (const { track, dts, pts, isSync, data } of fragmentSamples(event))
      frames.push({ track: track.id, dts, pts, sap: isSync ? Sap.closed : Sap.none, discardable: false, data });
  }
  const seconds = (frame: SourceFrame) => frame.dts / tracks.find((track) => track.id === frame.track)!.timescale;
  return { tracks, frames: frames.sort((a, b) => seconds(a) - seconds(b)) };
}

function trackOf(track: MovieTrack): Track {
  const { id, timescale, width, height, channels, sampleRate, entryType } = track;
  const common = { id, timescale, isDefault: true, codecString: codecStringOf(track) ?? "", config: configOf(track) };
  if (track.kind === "video")
    return { ...common, kind: "video", codec: entryType === "avc1" ? Codec.avc : Codec.vp9, width, height, frameRate };
  const aac = entryType === "mp4a";
  return { ...common, kind: "audio", codec: aac ? Codec.aac : Codec.opus, sampleRate, channels, samplesPerFrame: aac ? 1024 : 960 };
}

/** The record as our tracks have it: Opus as in Ogg, VP9 without the FullBox header. */
function configOf(track: MovieTrack): Uint8Array {
  const description = decoderDescription(track);
  if (description !== undefined) return description;
  const box = track.entryBoxes.find((each) => each.type === "vpcC" || each.type === "dOps");
  if (box === undefined) return new Uint8Array(0);
  if (box.type === "vpcC") return box.payload.subarray(4);
  const big = new DataView(box.payload.buffer, box.payload.byteOffset, box.payload.length);
  const head = new Uint8Array(19);
  const little = new DataView(head.buffer);
  head.set(new TextEncoder().encode("OpusHead"));
  head[8] = 1;
  head[9] = box.payload[1]!;
  little.setUint16(10, big.getUint16(2), true);
  little.setUint32(12, big.getUint32(4), true);
  little.setInt16(16, big.getInt16(8), true);
  return head;
}
