import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import { MessageType, type Message } from "./message.ts";

/** Bytes of a sub-message header: as an FLV tag header. */
const headerLength = 11;

/**
 * The messages inside an aggregate message (RTMP 1.0 section 7.1.6). Each takes the aggregate's message stream, and
 * a time as far after the aggregate's as its own is after the first one's. Aggregates inside aggregates are left out.
 *
 * @throws {ProtocolError} `truncated`, after what came before it, at a length that lies
 */
export function* splitAggregate(aggregate: Message): Generator<Message> {
  const reader = new Reader(aggregate.body);
  let first: number | undefined;
  while (reader.left >= headerLength) {
    const type = reader.u8();
    const length = reader.u24();
    const low = reader.u24();
    const time = ((reader.u8() << 24) | low) >>> 0;
    reader.skip(3);
    if (length > reader.left) throw new ProtocolError("truncated", `an aggregate's part of ${length} bytes where ${reader.left} are left`);
    const body = reader.bytes(length);
    first ??= time;
    const timestamp = (aggregate.timestamp + time - first) >>> 0;
    if (type !== MessageType.aggregate) yield { type, timestamp, streamId: aggregate.streamId, body };
    // The back pointer; the last one may be missing.
    reader.skip(Math.min(4, reader.left));
  }
}
