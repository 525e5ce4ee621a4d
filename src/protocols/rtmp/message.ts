/** RTMP message types (RTMP 1.0 sections 5.4 and 7.1). */
export const MessageType = {
  setChunkSize: 1,
  abort: 2,
  acknowledgement: 3,
  userControl: 4,
  windowAcknowledgementSize: 5,
  setPeerBandwidth: 6,
  audio: 8,
  video: 9,
  dataAmf3: 15,
  sharedObjectAmf3: 16,
  commandAmf3: 17,
  dataAmf0: 18,
  sharedObjectAmf0: 19,
  commandAmf0: 20,
  aggregate: 22,
} as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/** One RTMP message, out of its chunks. */
export interface Message {
  /** A `MessageType`, or a number nobody has defined. */
  readonly type: number;
  /** Milliseconds, unsigned 32 bits, as sent: it wraps. */
  readonly timestamp: number;
  /** Message stream id, unsigned 32 bits; 0 is the connection itself. */
  readonly streamId: number;
  /** May be a view of the bytes read from the socket. */
  readonly body: Uint8Array;
}

/**
 * Chunk stream ids of what we send. Players accept any; nginx-rtmp wants them under 32, and every message of ours
 * begins with a full header, so that one id may serve several senders.
 */
export const ChunkStreamId = {
  control: 2,
  command: 3,
  status: 5,
  audio: 4,
  video: 6,
  data: 7,
} as const;
export type ChunkStreamId = (typeof ChunkStreamId)[keyof typeof ChunkStreamId];

/** Chunk size of all we send. Ours is announced before the first message longer than 128 bytes. */
export const sentChunkSize = 65536;
