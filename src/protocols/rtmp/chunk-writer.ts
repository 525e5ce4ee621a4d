import { joined } from "../../bytes/joined.ts";
import { Writer } from "../../bytes/writer.ts";
import { extendedMark, writeBasicHeader, writeChunkHeader } from "./chunk-header.ts";
import { sentChunkSize, type Message } from "./message.ts";

/**
 * Cuts one message into chunks of our size (RTMP 1.0 section 5.3): a format 0 header, then format 3 headers that
 * repeat the extended timestamp, as Flash, FFmpeg, OBS and SRS write and expect it.
 *
 * @param body pieces that together are the message body; not copied.
 * @returns pieces to be sent one after another: new headers and views of the body.
 */
export function chunkedParts(chunkStreamId: number, message: Omit<Message, "body">, body: readonly Uint8Array[]): Uint8Array[] {
  let length = 0;
  for (const piece of body) length += piece.length;
  const first = new Writer(16);
  writeChunkHeader(first, {
    format: 0,
    chunkStreamId,
    time: message.timestamp,
    length,
    type: message.type,
    streamId: message.streamId,
  });
  const parts: Uint8Array[] = [first.done()];
  if (length <= sentChunkSize) {
    for (const piece of body) parts.push(piece);
    return parts;
  }
  const continuation = continuationHeader(chunkStreamId, message.timestamp);
  let room = sentChunkSize;
  for (const piece of body) {
    let at = 0;
    while (at < piece.length) {
      if (room === 0) {
        parts.push(continuation);
        room = sentChunkSize;
      }
      const taken = Math.min(room, piece.length - at);
      parts.push(piece.subarray(at, at + taken));
      at += taken;
      room -= taken;
    }
  }
  return parts;
}

function continuationHeader(chunkStreamId: number, timestamp: number): Uint8Array {
  const header = new Writer(8);
  writeBasicHeader(header, 3, chunkStreamId);
  if (timestamp >= extendedMark) header.u32(timestamp);
  return header.done();
}

/** One message as one run of bytes; for what is short and sent to one peer. */
export function chunkedMessage(chunkStreamId: number, message: Message): Uint8Array {
  return joined(chunkedParts(chunkStreamId, message, [message.body]));
}
