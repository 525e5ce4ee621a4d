import type { MuxedInit } from "../media/muxer.ts";

/** What a transport puts around each chunk, so that any run of chunks is valid bytes on its wire. */
export interface Framing {
  /** `bare`, `http-chunked`, `ws`: part of the key under which outputs are shared. */
  readonly name: string;
  /** Bytes before a chunk of `length` bytes. */
  before(length: number): Uint8Array;
  /** Bytes after a chunk. */
  readonly after: Uint8Array;
  /** What a new viewer is sent before its first chunk. */
  start(init: MuxedInit): Uint8Array;
  /** What a viewer that had the preceding init is sent; undefined where it cannot go on. */
  change(init: MuxedInit): Uint8Array | undefined;
}

const nothing = new Uint8Array(0);

/** The container's bytes as they are: HTTP/1.0, RTMP, recordings. */
export const bareFraming: Framing = {
  name: "bare",
  before: () => nothing,
  after: nothing,
  start: (init) => init.bytes,
  change: (init) => init.change,
};
