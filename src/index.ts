/** The public API of Millrace as a library. */
import type { MillraceServer, ServerOptions } from "./server/millrace-server.ts";
import { createServer as composeServer } from "./server/server.ts";

/**
 * Makes a server. Nothing listens before `listen()`; until then, and without it, streams can be published and read inside the
 * program.
 *
 * @throws ConfigError naming every mistake in the settings
 */
export function createServer(options: ServerOptions = {}): MillraceServer {
  return composeServer(options);
}

export type { MillraceServer, ServerOptions };
export { ProtocolError, ProtocolErrorCode } from "./bytes/protocol-error.ts";
export type { AccessRequest } from "./hub/access.ts";
export type { FrameGap, Frames, FramesFrom, FramesOptions, StreamFrame } from "./hub/frames.ts";
export type { Container } from "./hub/container-output.ts";
export type { Framing } from "./hub/framing.ts";
export type { PlayheadEnd, PlayheadSink } from "./hub/playhead.ts";
export type { PublicationEnd, PublicationReason, PublisherInfo } from "./hub/publication.ts";
export { Refusal, RefusalCode } from "./hub/refusal.ts";
export type { Scheduler } from "./hub/scheduler.ts";
export type { ReadFrom } from "./hub/timeline-reader.ts";
export type { Demuxer, FrameSink, SourceFrame } from "./media/demuxer.ts";
export { type Frame, Sap } from "./media/frame.ts";
export { type Discontinuity, type MuxedChunk, type MuxedInit, type Muxer, type MuxerFactory, type MuxerSink } from "./media/muxer.ts";
export { NotCarried } from "./media/muxer.ts";
export { type AudioTrack, Codec, type DataTrack, type Generation, type Metadata, type MetadataValue } from "./media/track.ts";
export { type Track, TrackKind, type VideoTrack } from "./media/track.ts";
export { AccessDenied } from "./server/access/access-denied.ts";
export type { AccessAnswer, AccessHook } from "./server/access/hooks.ts";
export { ConfigError, type ConfigProblem, type SettingPlace } from "./server/config/problem.ts";
export type { Config, ConfigInput } from "./server/config/schema.ts";
export type { Listener, ListenOptions } from "./server/events.ts";
export { FeedFileError } from "./server/feeds/feed-file-error.ts";
export type { RecordedFile, RecordedTrack, FileClock, FileGap } from "./server/recording/recorded.ts";
export type { RecordOptions, StreamRecording } from "./server/recording/stream-recording.ts";
export { ListenError, type ListenFailure } from "./server/listen-error.ts";
export type { Log } from "./server/log.ts";
export type { ContainerFormat, ContainerOptions } from "./server/containers/container-format.ts";
export type { DemuxerFormat } from "./server/containers/demuxer-format.ts";
export type { OptionsSchema, StandardIssue, StandardResult, StandardSchema } from "./server/plugins/options-schema.ts";
export type { PeerPublisher, PeerRequest } from "./server/plugins/peer-publisher.ts";
export type { PeerViewer, Playback, PlayOptions, SendOptions } from "./server/plugins/peer-viewer.ts";
export {
  type Plugin,
  type PluginContext,
  type PluginEntry,
  PluginError,
  type PluginServer,
  type PluginSource,
} from "./server/plugins/plugin.ts";
export type { PluginRoute, RouteInfo } from "./server/plugins/plugin-route.ts";
export type { MediaInput, WebByteStream } from "./server/publishing/byte-source.ts";
export type { FramePublisher, PublishedFrame, PublishFramesOptions } from "./server/publishing/frame-publisher.ts";
export type { PublishOptions } from "./server/publishing/publish-bytes.ts";
export type { ServerEvents } from "./server/server-events.ts";
export type { LiveState, StreamHandle } from "./server/stream-handle.ts";
