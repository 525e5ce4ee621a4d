/**
 * What a recording's file says of itself, so that the index can be made anew out of the files: in MP4 a `uuid` box behind `moov`, in FLV a value of
 * onMetaData, in MPEG-TS stuffing packets at its beginning.
 */
export interface FileFacts {
  /** Identity of the recording that it is of. */
  readonly recording: string;
  readonly stream: string;
  /** Number within the recording, from 1. */
  readonly n: number;
  /** Unix milliseconds of the file's time 0. */
  readonly at: number;
  /** Milliseconds of the stream's timeline at the file's time 0. */
  readonly timeline: number;
}

/** Its name where values have one. */
export const factsKey = "millraceRecording";

/** The type of the box, 16 bytes. */
export const factsUuid = Uint8Array.from([0x6d, 0x1a, 0x5c, 0x0e, 0x2f, 0x7b, 0x4c, 0x41, 0x9b, 0x0a, 0x51, 0xd3, 0x6e, 0x28, 0x94, 0xc7]);

/** The facts in JSON; undefined for what are none. */
export function readFacts(text: string): FileFacts | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { recording, stream, n, at, timeline } = value as Partial<Record<keyof FileFacts, unknown>>;
  if (typeof recording !== "string" || !/^[\w-]{1,64}$/.test(recording) || typeof stream !== "string" || stream.length > 1000)
    return undefined;
  const numbers = [n, at, timeline].every((number) => Number.isFinite(number));
  return numbers ? ({ recording, stream, n, at, timeline } as FileFacts) : undefined;
}
