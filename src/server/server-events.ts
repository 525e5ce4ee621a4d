import type { Hub, HubEvent } from "../hub/hub.ts";
import type { PublicationEnd, PublicationReason, PublisherInfo } from "../hub/publication.ts";
import { Events } from "./events.ts";
import type { FeedState } from "./feeds/feed-keeper.ts";
import type { Log } from "./log.ts";
import type { RecordedFile } from "./recording/recorded.ts";
import type { RecordingSession } from "./recording/recording-session.ts";
import type { Recordings } from "./recording/recordings.ts";
import { SessionRecording, type StreamRecording } from "./recording/stream-recording.ts";
import { HubStreamHandle, type StreamHandle } from "./stream-handle.ts";

/** What a program can listen to, by name. */
export interface ServerEvents {
  /** A publisher's tracks are known: viewers can start. Told again after every reconnect and take-over, see `reason`. */
  readonly live: { readonly stream: StreamHandle; readonly publisher: PublisherInfo; readonly reason: PublicationReason };
  /** A publisher is gone. Its viewers stay for the grace period, where there is one for that reason. */
  readonly lost: { readonly stream: StreamHandle; readonly publisher: PublisherInfo; readonly reason: PublicationEnd };
  /** The stream is over: its viewers have been told. */
  readonly ended: { readonly stream: StreamHandle };
  /** A feed's file cannot be written (`failing`), and the feed goes on from memory; or it is written again. */
  readonly feed: { readonly stream: StreamHandle } & FeedState;
  /** A recording began, whoever asked for it. */
  readonly recording: { readonly recording: StreamRecording };
  /** A file of a recording is complete, or cut short by a disk that failed. */
  readonly recorded: { readonly recording: StreamRecording; readonly file: RecordedFile };
  /** Something of a stream is in none of a recording's files: the disk failed (`disk`) or was too slow (`slow`). */
  readonly recordingLost: { readonly recording: StreamRecording; readonly seconds: number; readonly reason: "disk" | "slow" };
  /** Nothing more is written. */
  readonly recordingEnded: { readonly recording: StreamRecording };
}

const names = [
  "live",
  "lost",
  "ended",
  "feed",
  "recording",
  "recorded",
  "recordingLost",
  "recordingEnded",
] as const satisfies readonly (keyof ServerEvents)[];

/** The events of one server: what its hub tells. */
export function serverEvents(hub: Hub, recordings: Recordings, log: Log): Events<ServerEvents> {
  const events = new Events<ServerEvents>(names, log);
  hub.onEvent((event) => {
    const stream = new HubStreamHandle(hub, event.stream.name, recordings);
    switch (event.kind) {
      case "live":
        return events.emit("live", { stream, publisher: event.publication.info, reason: event.publication.reason });
      case "lost":
        return events.emit("lost", { stream, publisher: event.publication.info, reason: event.end });
      case "ended":
        return events.emit("ended", { stream });
    }
  });
  const handle = (session: RecordingSession) => new SessionRecording(session, recordings.folder);
  recordings.listen({
    began: (session) => events.emit("recording", { recording: handle(session) }),
    file: (file, session) => {
      if (file.state !== "writing") events.emit("recorded", { recording: handle(session), file });
    },
    gap: ({ reason, from, to }, session) => {
      if (reason !== "publisher") events.emit("recordingLost", { recording: handle(session), seconds: (to - from) / 1000, reason });
    },
    ended: (session) => events.emit("recordingEnded", { recording: handle(session) }),
  });
  return events;
}

/** Writes to the log what a hub tells. */
export function logEvents(hub: Hub, log: Log): void {
  hub.onEvent((event: HubEvent) => {
    const stream = event.stream.name;
    switch (event.kind) {
      case "live":
        return log.info({ stream, ...event.publication.info }, "on air");
      case "lost":
        return log.info({ stream, reason: event.end }, "publisher left");
      case "ended":
        return log.info({ stream, skips: event.stream.skips }, "stream ended");
    }
  });
}
