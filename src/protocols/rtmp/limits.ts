/**
 * What one RTMP session may cost us. Everything before the first accepted publish or play is held to the smaller
 * numbers: such a peer has proved nothing yet.
 */
export interface RtmpLimits {
  /** Milliseconds from accept to the end of the handshake, however the bytes trickle in. */
  readonly handshakeMs: number;
  /** Milliseconds from accept to the first publish or play, and again whenever none is left. */
  readonly setupMs: number;
  /** Milliseconds without one complete message while a message is unfinished. */
  readonly stalledMessageMs: number;
  /** Milliseconds of silence before we ping; twice that without a sign of life ends the session. */
  readonly pingMs: number;
  /** Milliseconds a peer has to take our last words and close. */
  readonly closeMs: number;
  /** Longest message, in bytes, before a publish was accepted. */
  readonly setupMessageBytes: number;
  /** Longest message, in bytes, of a publisher. The format itself ends at 16 MiB. */
  readonly messageBytes: number;
  /** Bytes held by unfinished messages of all chunk streams together, before a publish was accepted. */
  readonly setupPartialBytes: number;
  /** The same for a publisher. */
  readonly partialBytes: number;
  /** Chunk streams one peer may use at all. */
  readonly chunkStreams: number;
  /** Chunk streams with an unfinished message at one time. */
  readonly partialMessages: number;
  /** Message streams (createStream without deleteStream) at one time. */
  readonly messageStreams: number;
  /** Bytes of media kept of a publisher that waits for the answer whether it may; then nothing is read until it comes. */
  readonly askingBytes: number;
  /** `publish` commands in a row that were all refused. */
  readonly publishesInVain: number;
  /** `play` commands in a row of which none has come to play. */
  readonly playsInVain: number;
  /** Bytes of answers that a peer may leave unread. */
  readonly unreadBytes: number;
}

/** Generous to every encoder known, and small beside one GOP of video. */
export const defaultLimits: RtmpLimits = {
  handshakeMs: 5_000,
  setupMs: 8_000,
  stalledMessageMs: 7_000,
  pingMs: 30_000,
  closeMs: 1_000,
  setupMessageBytes: 64 * 1024,
  messageBytes: 8 * 1024 * 1024,
  setupPartialBytes: 128 * 1024,
  partialBytes: 16 * 1024 * 1024,
  chunkStreams: 64,
  partialMessages: 16,
  messageStreams: 16,
  askingBytes: 128 * 1024,
  publishesInVain: 16,
  playsInVain: 1000,
  unreadBytes: 256 * 1024,
};
