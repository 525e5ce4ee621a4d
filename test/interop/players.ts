/** Programs that play a URL to the end of the stream, and what they got. */
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { WebSocket } from "ws";
import { played, playWithNodeAv } from "../support/node-av.ts";
import { packetsOf, type Packet } from "../support/packets.ts";
import { start } from "../support/program.ts";
import type { Place, Way } from "./place.ts";

/** A packet as a player got it, or as the clip has it. */
export type Got = Pick<Packet, "kind" | "ptsMicros" | "md5">;

export interface Player {
  readonly name: string;
  /** Plays to the end of the stream. @param file gives paths to write to */
  play(url: string, place: Place): Promise<Got[]>;
}

export const ffmpeg5: Player = { name: "FFmpeg 5.1", play: (url) => packetsOf(url) };
export const ffmpeg8: Player = { name: "FFmpeg 8.1", play: (url) => packetsOf8(url) };

export const rtmpdump = dumper("rtmpdump", "rtmpdump", (url, file) => ["-q", "--live", "-r", url, "-o", file]);
export const gstreamer = dumper("GStreamer rtmp2src", "gst-launch-1.0", (url, file) => [
  "-q",
  "rtmp2src",
  `location=${url}`,
  "!",
  "filesink",
  `location=${file}`,
]);
export const curl = dumper("curl", "curl", (url, file) => ["-sS", "--fail", "-o", file, url]);
export const curlHttp10 = dumper("curl with HTTP/1.0", "curl", (url, file) => ["-sS", "--fail", "--http1.0", "-o", file, url]);

/** Plays at the stream's own pace, without a window and a loudspeaker, and records the packets it played; times begin near 0 there. */
export const mpv: Player = {
  name: "mpv",
  async play(url, place) {
    const file = place.file("mkv");
    const args = ["--no-config", "--no-terminal", "--vo=null", "--ao=null", `--stream-record=${file}`, url];
    await using running = start("mpv", args);
    await running.succeeded();
    return await packetsOf(file);
  },
};

/** A WebSocket client that writes what messages hold to a file; FFmpeg has no WebSocket. */
export function webSocket(probe: (file: string) => Promise<Got[]> = packetsOf): Player {
  return {
    name: "WebSocket",
    async play(url, place) {
      const file = place.file("media");
      const { code } = await writeMessages(url, file);
      if (code !== 1000) throw new Error(`closed with ${code}`);
      return await probe(file);
    },
  };
}

async function writeMessages(url: string, file: string): Promise<{ code: number }> {
  const socket = new WebSocket(url);
  const output = createWriteStream(file);
  socket.on("message", (data: Buffer, isBinary) => void (isBinary && output.write(data)));
  const [code] = (await once(socket, "close")) as [number];
  output.end();
  await once(output, "close");
  return { code };
}

/** What FFmpeg 8.1 reads from a URL or file. */
export async function packetsOf8(source: string): Promise<Got[]> {
  await using program = playWithNodeAv(source);
  await program.succeeded();
  const { tracks, packets } = played(program);
  return packets.map(({ track, ptsMicros, md5 }) => ({ kind: tracks[track]!.kind as Packet["kind"], ptsMicros, md5 }));
}

/** A program that writes what it gets to a file. */
function dumper(name: string, program: string, args: (url: string, file: string) => string[]): Player {
  return {
    name,
    async play(url, place) {
      const file = place.file("media");
      await using running = start(program, args(url, file));
      await running.finished;
      return await packetsOf(file);
    },
  };
}

/** A player and the way it takes. */
export interface Viewer {
  readonly way: Way;
  readonly player: Player;
}

/** Viewers who play together, and what each got in the end. */
export class Audience {
  readonly got: Promise<Got[][]>;

  private constructor(got: Promise<Got[][]>) {
    this.got = got;
    // It is awaited at the end; if something else fails before, that is the failure to report.
    got.catch(() => undefined);
  }

  /** Resolves when all of them wait for a publisher. Rejects if one has ended before. @param query is added to their URLs */
  static async gather(place: Place, name: string, viewers: readonly Viewer[], query = ""): Promise<Audience> {
    const audience = new Audience(Promise.all(viewers.map(({ way, player }) => player.play(place.url(way, name) + query, place))));
    const early = audience.got.then(() => {
      throw new Error("all players have ended before anybody published");
    });
    await Promise.race([place.waiting(viewers.length), early]);
    return audience;
  }
}
