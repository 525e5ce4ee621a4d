/** MPEG-TS as viewers over HTTP and WebSocket get it, and as programs publish it into the server that they embed. */
import { createReadStream } from "node:fs";
import type { TestContext } from "node:test";
import type { ClipOptions } from "../support/clip.ts";
import { makeClip } from "../support/clip.ts";
import { packetsOf } from "../support/packets.ts";
import { run } from "../support/program.ts";
import { aacFrame, audioTolerance, compare } from "./compare.ts";
import { Place, Way } from "./place.ts";
import { Audience, type Player, ffmpeg5, ffmpeg8, webSocket } from "./players.ts";
import type { Publisher } from "./publishers.ts";
import type { BareOptions } from "./ts-packets.ts";
import { barePackets } from "./ts-packets.ts";

const name = "live/cam";
const { rtmp, httpFlv, httpMp4, httpTs, wsTs } = Way;
const millisecond = 1000;

/** FFmpeg at the URL itself. */
const ffmpegTs = (options?: BareOptions): Player => ({ name: "FFmpeg 5.1", play: (url) => barePackets(url, options) });

const curlTs = (options?: BareOptions): Player => ({
  name: "curl",
  async play(url, place) {
    const file = place.file("ts");
    await run("curl", ["-sS", "--fail", "-o", file, url]);
    return await barePackets(file, options);
  },
});

/** A clip, who publishes it over RTMP, and what of it is in the transport stream. */
export interface WatchedAsTs {
  readonly name: string;
  readonly clip: ClipOptions;
  readonly publisher: Publisher;
  readonly options: BareOptions;
}

/** Lets FFmpeg and curl wait over HTTP, and a client over WebSocket, publishes, and compares what each got. */
export async function watchAsTs(t: TestContext, { clip, publisher, options }: WatchedAsTs): Promise<void> {
  await using place = await Place.open();
  const file = await makeClip({ seconds: 3, ...clip });
  const sent = await barePackets(file, options);
  const viewers = [
    { way: httpTs, player: ffmpegTs(options) },
    { way: httpTs, player: curlTs(options) },
    { way: wsTs, player: webSocket((source) => barePackets(source, options)) },
  ];
  const audience = await Audience.gather(place, name, viewers);
  await using publishing = publisher.publish(file, place.rtmp(name));
  await publishing.succeeded();
  for (const [i, got] of (await audience.got).entries()) {
    const { way, player } = viewers[i]!;
    const { offset, audioError } = compare(sent, got, `${player.name} over ${way}`, { audio: 2 * millisecond });
    t.diagnostic(`${player.name} over ${way}: offset ${offset} µs, audio within ${audioError} µs`);
  }
}

/** Publishes what FFmpeg writes with these arguments, and compares what viewers get in four ways. */
export async function comesBackAsTs(args: readonly string[]): Promise<void> {
  await using place = await Place.open();
  const clip = await makeClip({ seconds: 3 });
  const file = place.file("ts");
  await run("ffmpeg", ["-v", "error", "-nostdin", "-i", clip, "-c", "copy", ...args, file]);
  const [sent, bare] = [await packetsOf(clip), await barePackets(clip)];
  const viewers = [
    { way: rtmp, player: ffmpeg5 },
    { way: httpFlv, player: ffmpeg8 },
    { way: httpMp4, player: ffmpeg5 },
    { way: httpTs, player: ffmpegTs() },
  ];
  const audience = await Audience.gather(place, name, viewers);
  await place.server.publish(name, createReadStream(file), { pace: "realtime" });
  for (const [i, got] of (await audience.got).entries()) {
    const { way, player } = viewers[i]!;
    const tolerance = { audio: audioTolerance(way, aacFrame) + millisecond };
    compare(way === httpTs ? bare : sent, got, `${player.name} over ${way}`, tolerance);
  }
}
