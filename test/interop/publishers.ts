/** Programs that publish a clip over RTMP in real time, payloads untouched. */
import { publishWithNodeAv } from "../support/node-av.ts";
import { packetsOf } from "../support/packets.ts";
import { run, start, type RunningProgram } from "../support/program.ts";
import type { Place } from "./place.ts";
import { packetsOf8, type Got } from "./players.ts";

export interface Publisher {
  readonly name: string;
  /** Ends by itself with the clip. */
  publish(clip: string, url: string): RunningProgram;
  /** What it sends of a clip. */
  sends(clip: string, place: Place): Promise<Got[]>;
}

export const ffmpeg5: Publisher = {
  name: "FFmpeg 5.1",
  publish: (clip, url) => start("ffmpeg", ["-v", "error", "-nostdin", "-re", "-i", clip, "-c", "copy", "-f", "flv", url]),
  sends: (clip) => packetsOf(clip),
};

/** With every codec it can signal by Enhanced RTMP. */
export const ffmpeg8: Publisher = {
  name: "FFmpeg 8.1",
  publish: (clip, url) => publishWithNodeAv(clip, url, { options: enhanced }),
  async sends(clip, place) {
    const file = place.file("flv");
    await using writing = publishWithNodeAv(clip, file, { pace: 0 });
    await writing.succeeded();
    return await packetsOf8(file);
  },
};

const enhanced = { rtmp_enhanced_codecs: "hvc1,av01,vp09,Opus,fLaC,ac-3,ec-3" };

/** It makes audio times of its own, one after another from the first: what it sends is what it writes to a file. */
export const gstreamer: Publisher = {
  name: "GStreamer rtmp2sink",
  publish: (clip, url) => start("gst-launch-1.0", gstreamerPipeline(clip, `rtmp2sink sync=true location=${url}`)),
  async sends(clip, place) {
    const file = place.file("flv");
    await run("gst-launch-1.0", gstreamerPipeline(clip, `filesink location=${file}`));
    return await packetsOf(file);
  },
};

function gstreamerPipeline(clip: string, sink: string): string[] {
  const tracks = "d.video ! queue ! h264parse ! m. d.audio ! queue ! aacparse ! m.";
  return ["-q", "-e", ...`filesrc location=${clip} ! flvdemux name=d ${tracks} flvmux name=m streamable=true ! ${sink}`.split(" ")];
}
