import type { Closed } from "./close-reason.ts";

/** What a connection tells. After `closed` it is silent for good. */
export interface TransportListener {
  /** The server has accepted. Media may still be long in coming, where it waits for a publisher. */
  opened(): void;
  /** Bytes of `ftyp moov ([prft] moof mdat)*`, cut anywhere. The listener may keep them. */
  data(bytes: Uint8Array): void;
  /** The codecs of what follows, as the server tells them, repeated where the configuration changes; how far back the stream goes. */
  described(message: string): void;
  closed(end: Closed): void;
}

/** One connection to a stream's fMP4. */
export interface Transport {
  /** Drops the connection without another word to the listener. */
  close(): void;
}
