import { flvFrames, mp4Frames, type ViewedFrame } from "./viewed-frames.ts";
import { ViewerError, viewHttp, viewWebSocket } from "./viewer.ts";
import { waitFor, type WaitOptions } from "./wait.ts";

/** What of a stream is collected, how it is asked for, and how long. */
export interface CollectFramesOptions extends WaitOptions {
  /** So many, and then the viewer leaves; Infinity: all until the stream ends. */
  readonly count: number;
  /** Of this kind only. */
  readonly kind?: "video" | "audio";
  /** Sent with the request: `{ Authorization: "Bearer KEY" }`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Watches a stream as a player does, and gives the frames that it got, in their order: `http:` and `https:` URLs by a request, `ws:`
 * and `wss:` by a WebSocket, that end in `.flv` or `.mp4`. With the first of them a viewer starts at the newest key frame.
 *
 * Rejects with a `ViewerError` where it is refused, cut, or the stream ends before so many have come; with a `WaitTimeoutError` that says
 * what came in the time; with a `ProtocolError` where bytes are not the container's; with the signal's reason; with a `TypeError` for a URL
 * that is none of these.
 */
export async function collectFrames(url: string | URL, options: CollectFramesOptions): Promise<ViewedFrame[]> {
  const { count, kind, headers = {} } = options;
  const target = new URL(url);
  const container = /\.(flv|mp4)$/.exec(target.pathname)?.[1];
  const isWebSocket = /^wss?:$/.test(target.protocol);
  if (container === undefined || !/^(http|ws)s?:$/.test(target.protocol)) throw new TypeError(`${shown(target)} is no URL of a stream`);
  const frames: ViewedFrame[] = [];
  const words = (): string => `${count} ${kind ?? ""} frames of ${shown(target)}: ${tally(frames)}`.replace("  ", " ");
  return waitFor(options, words, async (signal) => {
    const enough = new AbortController();
    const collect = (frame: ViewedFrame): void => {
      if (frames.length < count && (kind === undefined || frame.kind === kind)) frames.push(frame);
      if (frames.length >= count) enough.abort(enough);
    };
    const read = container === "flv" ? flvFrames(collect) : mp4Frames(collect);
    const view = { url: target, headers, signal: AbortSignal.any([signal, enough.signal]) };
    try {
      await (isWebSocket ? viewWebSocket(view, read) : viewHttp(view, read));
    } catch (error) {
      if (error === enough) return frames;
      throw error;
    }
    if (frames.length >= count || count === Infinity) return frames;
    throw new ViewerError(isWebSocket ? 1000 : 200, `${shown(target)} ended when ${tally(frames)}, ${count} were wanted`);
  });
}

/** Without what may be a secret. */
function shown({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}

function tally(frames: readonly ViewedFrame[]): string {
  const video = frames.filter(({ kind }) => kind === "video").length;
  return frames.length === 0 ? "none came" : `${video} of video and ${frames.length - video} of audio came`;
}
