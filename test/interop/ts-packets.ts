/** What MPEG-TS says, in a form in which it can be compared with what was published, as Debian's FFmpeg makes it. */
import { run } from "../support/program.ts";
import type { Got } from "./players.ts";

/** What a file or URL has. */
export interface BareOptions {
  readonly video: "h264" | "hevc" | false;
  readonly audio: string | false;
}

/** Without delimiters and parameter sets, which MPEG-TS adds, and with start codes as FFmpeg sets them. */
const videoFilters = {
  h264: "h264_mp4toannexb,filter_units=remove_types=7-9",
  hevc: "hevc_mp4toannexb,filter_units=remove_types=32-35",
} as const;

/** The packets of a file or URL of any container: pictures without what MPEG-TS adds to them, AAC without ADTS headers. */
export async function barePackets(source: string, { video, audio }: BareOptions = { video: "h264", audio: "aac" }): Promise<Got[]> {
  const filters = video === false ? [] : ["-bsf:v", videoFilters[video]];
  if (audio === "aac") filters.push("-bsf:a", "aac_adtstoasc");
  const input = ["-v", "error", "-nostdin", "-copyts", "-i", source, "-map", "0:v?", "-map", "0:a?", "-c", "copy"];
  const { stdout } = await run("ffmpeg", [...input, ...filters, "-f", "framemd5", "-"]);
  const text = stdout.toString("utf8");
  const kinds = new Map([...text.matchAll(/^#media_type (\d+): (\w+)$/gm)].map(([, track, kind]) => [track!, kind as Got["kind"]]));
  const bases = new Map(
    [...text.matchAll(/^#tb (\d+): (\d+)\/(\d+)$/gm)].map(([, track, num, den]) => [track!, Number(num) / Number(den)]),
  );
  return [...text.matchAll(/^(\d+), +-?\d+, +(-?\d+), +\d+, +\d+, +(\w+)/gm)].map(([, track, pts, md5]) => ({
    kind: kinds.get(track!)!,
    ptsMicros: Math.round(Number(pts) * bases.get(track!)! * 1e6),
    md5: md5!,
  }));
}
