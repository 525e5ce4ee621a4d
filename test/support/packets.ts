/** What a file or URL holds, as Debian's FFmpeg sees it: to compare what a client got with what was published. */
import type { StartOptions } from "./program.ts";
import { run } from "./program.ts";

/** One packet as ffprobe tells it. */
export interface Packet {
  readonly kind: "video" | "audio" | "data";
  readonly ptsMicros: number | undefined;
  readonly dtsMicros: number | undefined;
  readonly isKey: boolean;
  readonly bytes: number;
  /** Of the payload, in hexadecimal. */
  readonly md5: string;
}

interface ProbeOptions extends StartOptions {
  /** Arguments of FFmpeg before the input. */
  readonly before?: readonly string[];
}

interface Probed {
  readonly packets: readonly {
    readonly codec_type: Packet["kind"];
    readonly pts_time?: string;
    readonly dts_time?: string;
    readonly flags: string;
    readonly size: string;
    readonly data_hash: string;
  }[];
}

/** The MD5 of all payloads of every track, as `v:…` and `a:…`, in the tracks' order. Reads to the end of the input. */
export async function streamHash(source: string, options: ProbeOptions = {}): Promise<string[]> {
  const output = ["-map", "0", "-c", "copy", "-f", "streamhash", "-hash", "md5", "-"];
  const { stdout } = await run("ffmpeg", ["-v", "error", "-nostdin", ...(options.before ?? []), "-i", source, ...output], options);
  return [...stdout.toString("utf8").matchAll(/^\d+,(\w),MD5=(\w+)$/gm)].map(([, kind, hash]) => `${kind}:${hash}`);
}

/** Every packet of a source, in the order it holds them. Reads to the end of the input. */
export async function packetsOf(source: string, options: ProbeOptions = {}): Promise<Packet[]> {
  const wanted = ["-show_packets", "-show_data_hash", "MD5", "-of", "json"];
  const { stdout } = await run("ffprobe", ["-v", "error", ...wanted, ...(options.before ?? []), source], options);
  const { packets } = JSON.parse(stdout.toString("utf8")) as Probed;
  return packets.map((packet) => ({
    kind: packet.codec_type,
    ptsMicros: micros(packet.pts_time),
    dtsMicros: micros(packet.dts_time),
    isKey: packet.flags.startsWith("K"),
    bytes: Number(packet.size),
    md5: packet.data_hash.replace("MD5:", ""),
  }));
}

/** The presentation times of a source's video packets in µs, in the order it holds them. */
export async function framePts(source: string, options: ProbeOptions = {}): Promise<number[]> {
  return (await packetsOf(source, options)).filter(({ kind }) => kind === "video").map(({ ptsMicros }) => ptsMicros ?? NaN);
}

function micros(seconds: string | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.round(Number(seconds) * 1_000_000);
}
