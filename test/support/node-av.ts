/** FFmpeg 8.1 as a client, by the `node-av` package: Enhanced RTMP and what else Debian's FFmpeg 5.1 does not speak. */
import { join } from "node:path";
import type { RunningProgram, StartOptions } from "./program.ts";
import { start } from "./program.ts";

/** What node-av-publish.ts is told. */
export interface NodeAvPublish {
  readonly file: string;
  readonly url: string;
  readonly format: string;
  readonly options: Readonly<Record<string, string>>;
  readonly pace: number;
}

/** What node-av-play.ts is told. */
export interface NodeAvPlay {
  readonly url: string;
  readonly options: Readonly<Record<string, string>>;
}

/** A track as libavformat sees it. */
export interface NodeAvTrack {
  readonly kind: string;
  /** libavcodec's name: `h264`, `hevc`, `av1`, `vp9`, `aac`, `opus`. */
  readonly codec: string;
  /** avcC, hvcC, AudioSpecificConfig…, in hexadecimal; empty if there is none. */
  readonly extradata: string;
  readonly timeBase: readonly [num: number, den: number];
}

/** A packet as libavformat delivers it. */
export interface NodeAvPacket {
  /** Index of its track. */
  readonly track: number;
  readonly ptsMicros: number | undefined;
  readonly dtsMicros: number | undefined;
  readonly isKey: boolean;
  readonly bytes: number;
  /** Of the payload, in hexadecimal. */
  readonly md5: string;
}

export interface Played {
  readonly tracks: readonly NodeAvTrack[];
  readonly packets: readonly NodeAvPacket[];
}

interface PublishOptions extends StartOptions {
  /** libavformat's muxer; default `flv`, which is what RTMP wants. */
  readonly format?: string;
  /** Options of the protocol and the muxer: `rtmp_enhanced_codecs`, `rtmp_live`, `flvflags`. */
  readonly options?: Readonly<Record<string, string>>;
  /** Times real time; default 1, 0 as fast as it goes. */
  readonly pace?: number;
}

/** Publishes a file without touching its payloads. The program ends when the file does. */
export function publishWithNodeAv(file: string, url: string, options: PublishOptions = {}): RunningProgram {
  const { format = "flv", options: formatOptions = {}, pace = 1 } = options;
  return startChild("node-av-publish.ts", { file, url, format, options: formatOptions, pace } satisfies NodeAvPublish, options);
}

interface PlayOptions extends StartOptions {
  /** Options of the protocol and the demuxer: `rtmp_live`, `rtmp_enhanced_codecs`, `analyzeduration`. */
  readonly options?: Readonly<Record<string, string>>;
}

/** Plays a URL, or reads a file. `played` tells what it got, any time and after its end. */
export function playWithNodeAv(url: string, options: PlayOptions = {}): RunningProgram {
  return startChild("node-av-play.ts", { url, options: options.options ?? {} } satisfies NodeAvPlay, options);
}

/** What a program of `playWithNodeAv` has received so far. */
export function played(program: RunningProgram): Played {
  const [tracks, ...packets] = program.stdout.toString("utf8").split("\n").slice(0, -1);
  return {
    tracks: tracks === undefined ? [] : (JSON.parse(tracks) as NodeAvTrack[]),
    packets: packets.map((line) => JSON.parse(line) as NodeAvPacket),
  };
}

function startChild(script: string, argument: NodeAvPublish | NodeAvPlay, options: StartOptions): RunningProgram {
  return start(process.execPath, [join(import.meta.dirname, script), JSON.stringify(argument)], options);
}
