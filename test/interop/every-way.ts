/** What else RTMP carries: a codec published by FFmpeg and played over every way that has it, bit for bit. */
import type { TestContext } from "node:test";
import { makeClip, type ClipOptions } from "../support/clip.ts";
import { aacFrame, audioTolerance, compare } from "./compare.ts";
import { Place, Way } from "./place.ts";
import { Audience, ffmpeg5, ffmpeg8, packetsOf8, type Viewer, webSocket } from "./players.ts";
import * as publishers from "./publishers.ts";

const name = "live/cam";
const { rtmp, httpFlv, wsFlv, httpMp4, wsMp4, httpMkv } = Way;

/** FFmpeg 8.1 reads Enhanced FLV, 5.1 reads MP4 and Matroska of all that we write. */
export const everyWay: readonly Viewer[] = [
  { way: rtmp, player: ffmpeg8 },
  { way: httpFlv, player: ffmpeg8 },
  { way: wsFlv, player: webSocket(packetsOf8) },
  { way: httpMp4, player: ffmpeg5 },
  { way: wsMp4, player: webSocket() },
  { way: httpMkv, player: ffmpeg5 },
];

export interface CodecCase {
  readonly name: string;
  readonly clip: ClipOptions;
  /** Default FFmpeg 8.1. */
  readonly publisher?: publishers.Publisher;
  /** Microseconds of one audio frame; default AAC's. */
  readonly audioFrame?: number;
  /** Where the audio is left out. */
  readonly audioNotIn?: readonly Way[];
}

/** Lets a viewer of every way wait, publishes, and compares what each got. */
export async function everyWayHas(t: TestContext, { clip: options, publisher = publishers.ffmpeg8, ...codec }: CodecCase): Promise<void> {
  await using place = await Place.open();
  const clip = await makeClip({ seconds: 2, ...options });
  const sent = await publisher.sends(clip, place);
  const audience = await Audience.gather(place, name, everyWay);
  await using publishing = publisher.publish(clip, place.rtmp(name));
  await publishing.succeeded();
  for (const [i, got] of (await audience.got).entries()) {
    const { way, player } = everyWay[i]!;
    const hasAudio = !(codec.audioNotIn?.includes(way) ?? false);
    const tolerance = { audio: audioTolerance(way, codec.audioFrame ?? aacFrame), hasAudio };
    const { offset, audioError } = compare(sent, got, `${player.name} over ${way}`, tolerance);
    t.diagnostic(`${player.name} over ${way}: offset ${offset} µs, audio within ${audioError} µs`);
  }
}
