/** The body of a streaming HTTP response: chunked (RFC 9112 7.1), or plain bytes ended by close for HTTP/1.0. */
import type { Framing } from "../../hub/framing.ts";
import type { MuxedInit } from "../../media/muxer.ts";

const ascii = new TextEncoder();
const lineEnd = ascii.encode("\r\n");

/** One HTTP chunk around each chunk of the container; the header of the container is a chunk of its own. */
export const chunkedFraming: Framing = {
  name: "http-chunked",
  before: chunkHead,
  after: lineEnd,
  start: (init) => chunk(init.bytes),
  change(init) {
    const bytes = plainChange(init);
    return bytes && chunk(bytes);
  },
};

/** The container's bytes as they are. */
export const plainFraming: Framing = {
  name: "http-plain",
  before: () => nothing,
  after: new Uint8Array(0),
  start: (init) => init.bytes,
  change: plainChange,
};

const nothing = new Uint8Array(0);

/** Ends a chunked body. */
export const lastChunk: Uint8Array = ascii.encode("0\r\n\r\n");

/** A plain body cannot say that a new header follows: where that must be said, the response ends instead. */
function plainChange(init: MuxedInit): Uint8Array | undefined {
  return init.changeIsAnnounced === true ? undefined : init.change;
}

function chunkHead(length: number): Uint8Array {
  return ascii.encode(`${length.toString(16)}\r\n`);
}

/** A whole chunk; none for no bytes, since an empty chunk would end the body. */
function chunk(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) return nothing;
  const head = chunkHead(bytes.length);
  const whole = new Uint8Array(head.length + bytes.length + lineEnd.length);
  whole.set(head);
  whole.set(bytes, head.length);
  whole.set(lineEnd, head.length + bytes.length);
  return whole;
}
