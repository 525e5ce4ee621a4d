import type { StreamFrame } from "../hub/frames.ts";
import type { ReadFrom } from "../hub/timeline-reader.ts";
import type { TrackKind } from "../media/track.ts";
import type { MillraceServer } from "../server/millrace-server.ts";
import type { StreamHandle } from "../server/stream-handle.ts";
import { waitFor, type WaitOptions } from "./wait.ts";

/** Which frame of a stream is waited for, and how long. */
export interface WaitForFrameOptions extends WaitOptions {
  /** Of tracks of this kind only. */
  readonly kind?: TrackKind;
  /** The first one of which this is true. */
  readonly where?: (frame: StreamFrame) => boolean;
  /** Where to begin to look: `newest` random-access point if not given, `oldest` in the ring, `next` to come. */
  readonly from?: ReadFrom;
}

/**
 * The first frame of a stream that is as asked for, over as many publishers as it takes. Rejects with a `WaitTimeoutError` that says
 * how the stream was instead, with the signal's reason, with what `where` threw, or with a `Refusal`: `closing`, or
 * `name-refused` where no stream can have that name.
 */
export async function waitForFrame(server: MillraceServer, name: string, options: WaitForFrameOptions = {}): Promise<StreamFrame> {
  const { kind, where = () => true, from } = options;
  const stream = server.stream(name);
  let others = 0;
  const words = (): string =>
    `${kind === undefined ? "a frame" : `${article(kind)} ${kind} frame`} of "${stream.name}": ${situation(server, stream, others)}`;
  return waitFor(options, words, async (signal) => {
    for (;;) {
      for await (const frame of stream.frames({ signal, ...(from !== undefined && { from }) })) {
        if ((kind === undefined || frame.track.kind === kind) && where(frame)) return frame;
        others += 1;
      }
    }
  });
}

/** How a stream is at a moment, for whoever wonders why nothing comes of it. */
function situation(server: MillraceServer, stream: StreamHandle, others: number): string {
  const came = others === 0 ? "" : `; ${others} other frames came`;
  switch (stream.state) {
    case "offline": {
      const names = server.streams().map((other) => `"${other.name}"`);
      return `nobody publishes it${names.length === 0 ? "" : `, there is ${names.join(", ")}`}${came}`;
    }
    case "waiting":
      return `its publisher has not sent its tracks${came}`;
    case "reconnecting":
      return `its publisher was lost and has not come back${came}`;
    case "live":
      return `it is live with ${stream.tracks.map((track) => `${track.kind} (${track.codec})`).join(" and ")}${came}`;
  }
}

function article(kind: TrackKind): string {
  return kind === "audio" ? "an" : "a";
}
