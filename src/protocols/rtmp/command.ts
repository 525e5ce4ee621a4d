import { ProtocolError } from "../../bytes/protocol-error.ts";
import { amfObject, decodeAmf0All, encodeAmf0, type AmfValue } from "../../containers/flv/amf0.ts";
import { chunkedMessage } from "./chunk-writer.ts";
import { ChunkStreamId, MessageType } from "./message.ts";

/** A command message (RTMP 1.0 section 7.1.1 and 7.2). */
export interface Command {
  readonly name: string;
  /** 0 where no answer is wanted. */
  readonly transactionId: number;
  /** The command object; null for most. */
  readonly object: AmfValue;
  readonly args: readonly AmfValue[];
}

/** The AMF0 values of a message whose AMF3 form (15, 17) has a format byte before them; either form, as sent. */
export function amfBody(type: number, body: Uint8Array): Uint8Array {
  const amf3 = type === MessageType.commandAmf3 || type === MessageType.dataAmf3;
  // Some senders leave the format byte out: then the marker of the name, a string, comes first.
  return amf3 && body[0] === 0 ? body.subarray(1) : body;
}

/**
 * Reads a command in its AMF0 or AMF3 form. A missing transaction id is 0, a missing object null.
 *
 * @throws {ProtocolError} for broken AMF, or if it does not begin with a name
 */
export function readCommand(type: number, body: Uint8Array): Command {
  const [name, transactionId, object, ...args] = decodeAmf0All(amfBody(type, body));
  if (typeof name !== "string") throw new ProtocolError("malformed", "a command without a name");
  return { name, transactionId: typeof transactionId === "number" ? transactionId : 0, object, args };
}

/** A command ready to be sent, in AMF0, which every peer reads. */
export function command(streamId: number, name: string, transactionId: number, ...values: readonly AmfValue[]): Uint8Array {
  const id = streamId === 0 ? ChunkStreamId.command : ChunkStreamId.status;
  const body = encodeAmf0(name, transactionId, ...values);
  return chunkedMessage(id, { type: MessageType.commandAmf0, timestamp: 0, streamId, body });
}

/** The answer to a command that wanted one; nothing for one that did not. */
export function result(request: Command, ...values: readonly AmfValue[]): Uint8Array {
  return request.transactionId === 0 ? nothing : command(0, "_result", request.transactionId, ...values);
}

/** The answer to a command that failed. */
export function failure(request: Command, code: string, description: string): Uint8Array {
  if (request.transactionId === 0) return nothing;
  return command(0, "_error", request.transactionId, null, amfObject({ level: "error", code, description }));
}

const nothing = new Uint8Array(0);
