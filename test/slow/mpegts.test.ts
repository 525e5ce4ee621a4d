/** MPEG-TS of more codecs and players: what test/interop/mpegts.test.ts leaves out. */
import { describe, it } from "node:test";
import { compare } from "../interop/compare.ts";
import { Place, Way } from "../interop/place.ts";
import * as publishers from "../interop/publishers.ts";
import { barePackets } from "../interop/ts-packets.ts";
import { comesBackAsTs, type WatchedAsTs, watchAsTs } from "../interop/watched-as-ts.ts";
import { makeClip } from "../support/clip.ts";
import { run } from "../support/program.ts";

const name = "live/cam";
const { httpTs } = Way;
const millisecond = 1000;
const cases: readonly WatchedAsTs[] = [
  { name: "H.264 and MP3", clip: { audio: "mp3" }, publisher: publishers.ffmpeg5, options: { video: "h264", audio: "mp3" } },
  { name: "AAC alone", clip: { video: false }, publisher: publishers.ffmpeg5, options: { video: false, audio: "aac" } },
  { name: "H.264 alone", clip: { audio: false }, publisher: publishers.ffmpeg5, options: { video: "h264", audio: false } },
  { name: "H.264 and Opus", clip: { audio: "opus" }, publisher: publishers.ffmpeg8, options: { video: "h264", audio: "opus" } },
  { name: "H.264 and AC-3", clip: { audio: "ac3" }, publisher: publishers.ffmpeg8, options: { video: "h264", audio: "ac3" } },
];

describe("what is published over RTMP is watched as MPEG-TS", { concurrency: 2 }, () => {
  for (const each of cases) it(`${each.name}: over HTTP by FFmpeg and curl, over WebSocket`, (t) => watchAsTs(t, each));

  it("mpv records all of it", async () => {
    await using place = await Place.open();
    const clip = await makeClip({ seconds: 3 });
    const file = place.file("mkv");
    const args = ["--no-config", "--no-terminal", "--vo=null", "--ao=null", `--stream-record=${file}`, place.url(httpTs, name)];
    const playing = run("mpv", args);
    playing.catch(() => undefined);
    await place.waiting(1);
    await using publishing = publishers.ffmpeg5.publish(clip, place.rtmp(name));
    await publishing.succeeded();
    await playing;
    compare(await barePackets(clip), await barePackets(file), "mpv", { audio: 2 * millisecond });
  });
});

it("what FFmpeg writes with LATM and null packets comes back", () => comesBackAsTs(["-mpegts_flags", "latm", "-muxrate", "2M"]));
