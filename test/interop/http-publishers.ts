/** Programs that publish a clip over HTTP in real time, payloads untouched. */
import { publishWithNodeAv } from "../support/node-av.ts";
import { packetsOf } from "../support/packets.ts";
import { run, start, type RunningProgram } from "../support/program.ts";
import type { Place } from "./place.ts";
import type { Got } from "./players.ts";

/** A program, what it writes and how it sends it. */
export interface HttpPublisher {
  readonly name: string;
  /** Ends by itself with the clip. */
  publish(clip: string, url: string): RunningProgram;
  /** What it sends of a clip. */
  sends(clip: string, place: Place): Promise<Got[]>;
  /** Microseconds by which FFmpeg reads pictures of what it sends later than the standard has them. */
  readonly apart?: number;
}

/** Arguments that make FFmpeg write a container. */
export const written = {
  flv: ["-f", "flv"],
  mpegts: ["-f", "mpegts"],
  webm: ["-f", "webm"],
  adts: ["-f", "adts"],
  mp3: ["-f", "mp3", "-write_xing", "0", "-id3v2_version", "3"],
  /** Without `delay_moov` FFmpeg begins every track at 0; with it an edit list says where it begins. */
  mp4: ["-f", "mp4", "-movflags", "delay_moov+default_base_moof+frag_keyframe"],
  /** Composition offsets below 0 in place of edit lists, sidx boxes. */
  cmaf: ["-f", "mp4", "-movflags", "cmaf"],
  /** Offsets that count from the beginning of the stream. */
  matroska: ["-f", "matroska"],
  "mp4 with offsets of old": ["-f", "mp4", "-movflags", "delay_moov+frag_keyframe"],
} as const;

export function ffmpeg5(container: keyof typeof written, method: "POST" | "PUT"): HttpPublisher {
  const args = (clip: string): string[] => ["-v", "error", "-nostdin", "-re", "-i", clip, "-c", "copy"];
  return {
    name: `FFmpeg 5.1, ${container} by ${method}`,
    publish: (clip, url) => start("ffmpeg", [...args(clip), "-method", method, ...written[container], url]),
    async sends(clip, place) {
      if (container !== "cmaf") return await packetsOf(clip);
      // Every track begins at 0 there.
      const file = place.file("mp4");
      await run("ffmpeg", [...args(clip).filter((each) => each !== "-re"), ...written.cmaf, file]);
      return await packetsOf(file);
    },
    // FFmpeg shows pictures later, as it reads such offsets, where the standard has them decoded earlier.
    ...(container === "cmaf" && { apart: 80_000 }),
  };
}

/** It puts without a length, and ends by closing. */
export const icecast: HttpPublisher = {
  name: "FFmpeg 5.1, FLV as to an Icecast server",
  publish(clip, url) {
    const args = ["-v", "error", "-nostdin", "-re", "-i", clip, "-c", "copy", "-content_type", "video/x-flv", ...written.flv];
    return start("ffmpeg", [...args, url.replace("http://", "icecast://source:hackme@")]);
  },
  sends: (clip) => packetsOf(clip),
};

export function ffmpeg8(format: string, options: Readonly<Record<string, string>>): HttpPublisher {
  return {
    name: `FFmpeg 8.1, ${format}`,
    publish: (clip, url) => publishWithNodeAv(clip, url, { format, options }),
    sends: (clip) => packetsOf(clip),
  };
}

/** It makes audio times of its own: what it sends is what it writes to a file. */
export function gstreamer(muxer: string, sink: string, ending: string): HttpPublisher {
  const pipeline = (clip: string, end: string): string[] => {
    const tracks = "d.video ! queue ! h264parse ! m. d.audio ! queue ! aacparse ! m.";
    return ["-q", "-e", ...`filesrc location=${clip} ! flvdemux name=d ${tracks} ${muxer} name=m ! ${end}`.split(" ")];
  };
  return {
    name: `GStreamer, ${muxer} ! ${sink}`,
    publish: (clip, url) => start("gst-launch-1.0", pipeline(clip, `${sink} sync=true location=${url}`)),
    async sends(clip, place) {
      const file = place.file(ending);
      await run("gst-launch-1.0", pipeline(clip, `filesink location=${file}`));
      return await packetsOf(file);
    },
  };
}

/** It sends as fast as it can: the server slows it down. @param args how the file is sent */
export function curl(name: string, args: (file: string) => string[]): HttpPublisher {
  return {
    name: `curl ${name}`,
    publish: (clip, url) => start("curl", ["-sS", "--fail-with-body", ...args(clip), url]),
    sends: (clip) => packetsOf(clip),
  };
}
