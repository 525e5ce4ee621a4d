import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";
import { chunkedMessage } from "./chunk-writer.ts";
import { ChunkStreamId, MessageType } from "./message.ts";

/** User control events (RTMP 1.0 section 7.1.7 and, from 26 on, what Flash Media Server added). */
export const UserControlEvent = {
  streamBegin: 0,
  streamEof: 1,
  streamDry: 2,
  setBufferLength: 3,
  streamIsRecorded: 4,
  pingRequest: 6,
  pingResponse: 7,
  swfVerifyRequest: 26,
  swfVerifyResponse: 27,
  bufferEmpty: 31,
  bufferReady: 32,
} as const;
export type UserControlEvent = (typeof UserControlEvent)[keyof typeof UserControlEvent];

/** How a peer takes Set Peer Bandwidth (section 5.4.5). */
export const BandwidthLimit = { hard: 0, soft: 1, dynamic: 2 } as const;
export type BandwidthLimit = (typeof BandwidthLimit)[keyof typeof BandwidthLimit];

/**
 * A protocol control message other than the two that concern only chunks. `ignored` is one that asks nothing of us.
 */
export type Control =
  | { readonly kind: "acknowledgement"; readonly received: number }
  | { readonly kind: "windowAcknowledgementSize"; readonly bytes: number }
  | { readonly kind: "setPeerBandwidth"; readonly bytes: number; readonly limit: number }
  | { readonly kind: "setBufferLength"; readonly streamId: number; readonly milliseconds: number }
  | { readonly kind: "pingRequest"; readonly time: number }
  | { readonly kind: "pingResponse"; readonly time: number }
  | { readonly kind: "streamEvent"; readonly event: number; readonly streamId: number }
  | { readonly kind: "ignored" };

/**
 * Reads a message of type 3 to 6 (section 5.4 and 7.1.7).
 *
 * @throws {ProtocolError} if it is too short for what it is.
 */
export function readControl(type: number, body: Uint8Array): Control {
  const reader = new Reader(body);
  switch (type) {
    case MessageType.acknowledgement:
      return { kind: "acknowledgement", received: reader.u32() };
    case MessageType.windowAcknowledgementSize:
      return { kind: "windowAcknowledgementSize", bytes: reader.u32() };
    case MessageType.setPeerBandwidth:
      // Some senders leave out the limit type.
      return { kind: "setPeerBandwidth", bytes: reader.u32(), limit: reader.left > 0 ? reader.u8() : BandwidthLimit.dynamic };
    case MessageType.userControl:
      return readUserControl(reader);
    default:
      throw new ProtocolError("unsupported", `control message type ${type}`);
  }
}

function readUserControl(reader: Reader): Control {
  const event = reader.u16();
  switch (event) {
    case UserControlEvent.setBufferLength:
      return { kind: "setBufferLength", streamId: reader.u32(), milliseconds: reader.u32() };
    case UserControlEvent.pingRequest:
      return { kind: "pingRequest", time: reader.u32() };
    case UserControlEvent.pingResponse:
      // The time is our own; a peer that leaves it out is alive all the same.
      return { kind: "pingResponse", time: reader.left >= 4 ? reader.u32() : 0 };
    case UserControlEvent.streamBegin:
    case UserControlEvent.streamEof:
    case UserControlEvent.streamDry:
    case UserControlEvent.streamIsRecorded:
    case UserControlEvent.bufferEmpty:
    case UserControlEvent.bufferReady:
      return { kind: "streamEvent", event, streamId: reader.left >= 4 ? reader.u32() : 0 };
    default:
      return { kind: "ignored" };
  }
}

/** A message on the control chunk stream, ready to be sent. */
function control(type: MessageType, body: Writer): Uint8Array {
  return chunkedMessage(ChunkStreamId.control, { type, timestamp: 0, streamId: 0, body: body.done() });
}

export function setChunkSize(bytes: number): Uint8Array {
  return control(MessageType.setChunkSize, new Writer(4).u32(bytes));
}
export function abort(chunkStreamId: number): Uint8Array {
  return control(MessageType.abort, new Writer(4).u32(chunkStreamId));
}
/** @param received bytes so far, modulo 2^32. */
export function acknowledgement(received: number): Uint8Array {
  return control(MessageType.acknowledgement, new Writer(4).u32(received));
}
export function windowAcknowledgementSize(bytes: number): Uint8Array {
  return control(MessageType.windowAcknowledgementSize, new Writer(4).u32(bytes));
}
export function setPeerBandwidth(bytes: number, limit: BandwidthLimit): Uint8Array {
  return control(MessageType.setPeerBandwidth, new Writer(5).u32(bytes).u8(limit));
}
/** An event whose data is one number: a stream id, or the time of a ping. */
export function userControl(event: UserControlEvent, value: number): Uint8Array {
  return control(MessageType.userControl, new Writer(6).u16(event).u32(value));
}
export function setBufferLength(streamId: number, milliseconds: number): Uint8Array {
  return control(MessageType.userControl, new Writer(10).u16(UserControlEvent.setBufferLength).u32(streamId).u32(milliseconds));
}
