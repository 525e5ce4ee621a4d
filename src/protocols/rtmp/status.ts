import { amfObject, type AmfValue, encodeAmf0 } from "../../containers/flv/amf0.ts";
import { chunkedMessage } from "./chunk-writer.ts";
import { command } from "./command.ts";
import { ChunkStreamId, MessageType } from "./message.ts";

/** The codes of `onStatus` and connection answers that we send (RTMP 1.0 section 7.2 and Flash Media Server's). */
export const StatusCode = {
  connectSuccess: "NetConnection.Connect.Success",
  connectRejected: "NetConnection.Connect.Rejected",
  connectAppShutdown: "NetConnection.Connect.AppShutdown",
  callFailed: "NetConnection.Call.Failed",
  publishStart: "NetStream.Publish.Start",
  publishBadName: "NetStream.Publish.BadName",
  publishDenied: "NetStream.Publish.Denied",
  unpublishSuccess: "NetStream.Unpublish.Success",
  playReset: "NetStream.Play.Reset",
  playStart: "NetStream.Play.Start",
  playStop: "NetStream.Play.Stop",
  playComplete: "NetStream.Play.Complete",
  playSwitch: "NetStream.Play.Switch",
  playStructure: "NetStream.Play.FileStructureInvalid",
  playFailed: "NetStream.Play.Failed",
  playNotFound: "NetStream.Play.StreamNotFound",
  playNoTrack: "NetStream.Play.NoSupportedTrackFound",
  playUnpublish: "NetStream.Play.UnpublishNotify",
  pause: "NetStream.Pause.Notify",
  unpause: "NetStream.Unpause.Notify",
  seek: "NetStream.Seek.Notify",
  seekFailed: "NetStream.Seek.Failed",
  seekInvalidTime: "NetStream.Seek.InvalidTime",
} as const;
export type StatusCode = (typeof StatusCode)[keyof typeof StatusCode];

/** Codes that report a failure: FFmpeg and OBS give up on the level `error` and show the description. */
const errors: ReadonlySet<StatusCode> = new Set<StatusCode>([
  StatusCode.connectRejected,
  StatusCode.connectAppShutdown,
  StatusCode.callFailed,
  StatusCode.publishBadName,
  StatusCode.publishDenied,
  StatusCode.playFailed,
  StatusCode.playNotFound,
  StatusCode.playNoTrack,
  StatusCode.seekFailed,
  StatusCode.seekInvalidTime,
  StatusCode.playStructure,
]);

/** An information object: level, code, description and what else is known. */
export function information(code: StatusCode, description: string, more: { readonly [key: string]: AmfValue } = {}): AmfValue {
  return amfObject({ level: errors.has(code) ? "error" : "status", code, description, ...more });
}

/** An `onStatus` command on a message stream, ready to be sent. */
export function status(streamId: number, code: StatusCode, description: string, more?: { readonly [key: string]: AmfValue }): Uint8Array {
  return command(streamId, "onStatus", 0, null, information(code, description, more));
}

/** What a player is told of the end of a file, as data of its message stream (Flash Media Server's `onPlayStatus`). */
export function playStatus(streamId: number, code: StatusCode, more: { readonly [key: string]: AmfValue }): Uint8Array {
  const body = encodeAmf0("onPlayStatus", amfObject({ level: "status", code, ...more }));
  return chunkedMessage(ChunkStreamId.data, { type: MessageType.dataAmf0, timestamp: 0, streamId, body });
}
