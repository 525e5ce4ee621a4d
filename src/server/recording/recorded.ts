import type { Track } from "../../media/track.ts";
import type { RecordingFormat } from "./file-muxer.ts";
import type { Gap } from "./gap.ts";

/** Who began a recording: the settings, a program or its hook, a request to the API, the publisher by its publish type. Unknown: the index was lost. */
export type RecordedBy = "settings" | "program" | "api" | "publisher" | "unknown";

/** A track in a file, as the index keeps it. */
export type RecordedTrack = Pick<Track, "id" | "kind" | "codec" | "codecString"> & {
  readonly width?: number;
  readonly height?: number;
  readonly sampleRate?: number;
  readonly channels?: number;
};

/** A part of a file's time of which it has nothing. Milliseconds from the file's beginning. */
export interface FileGap {
  readonly from: number;
  readonly to: number;
  readonly reason: Gap["reason"];
}

/** From where on the file's times stand for which wall-clock times: Unix milliseconds are `utc` plus milliseconds from `from`. */
export interface FileClock {
  readonly from: number;
  readonly utc: number;
}

/** One file of a recording, as the index keeps it. */
export interface RecordedFile {
  readonly recording: string;
  readonly stream: string;
  /** Number within the recording, from 1. */
  readonly n: number;
  /** Below the folder of recordings, with `/` between its parts. */
  readonly path: string;
  readonly format: RecordingFormat;
  /** `writing`; `complete`; `cut`: it ends where the disk or the server failed, and is whole up to there. */
  readonly state: "writing" | "complete" | "cut";
  /** Unix milliseconds of its time 0, and of its end. */
  readonly start: number;
  readonly end: number;
  /** Milliseconds of the stream's timeline at its time 0. */
  readonly timeline: number;
  /** Milliseconds from its time 0 to its end. */
  readonly duration: number;
  /** Bytes. */
  readonly size: number;
  readonly tracks: readonly RecordedTrack[];
  readonly gaps: readonly FileGap[];
  readonly clocks: readonly FileClock[];
  /** It is in the bucket that recordings are copied to, as the index last knew. */
  readonly uploaded?: boolean;
}

/** One recording, as the index keeps it. */
export interface RecordedStream {
  readonly id: string;
  readonly stream: string;
  readonly by: RecordedBy;
  /** Unix milliseconds; `ended` is null while it goes on. */
  readonly started: number;
  readonly ended: number | null;
  /** Milliseconds of the stream that are in none of its files, because the disk failed or was too slow. */
  readonly lost: number;
  /** Why it ended, or why nothing is written at the moment; null where nothing is wrong. */
  readonly error: string | null;
}

/** The same with what its files come to. */
export interface ListedRecording extends RecordedStream {
  readonly files: number;
  /** Bytes. */
  readonly size: number;
}

/** A recording that another goes on with. */
export interface EarlierRecording {
  readonly id: string;
  /** Unix milliseconds. */
  readonly started: number;
  /** Milliseconds that it lost. */
  readonly lost: number;
  /** Number of its last file. */
  readonly last: number;
}

export function recordedTrack(track: Track): RecordedTrack {
  const { id, kind, codec, codecString } = track;
  if (kind === "video") return { id, kind, codec, codecString, width: track.width, height: track.height };
  if (kind === "audio") return { id, kind, codec, codecString, sampleRate: track.sampleRate, channels: track.channels };
  return { id, kind, codec, codecString };
}
