import { randomBytes } from "node:crypto";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { findDigest, imprintDigest, signEcho, DigestSide, type DigestScheme } from "./handshake-digest.ts";

/** Bytes of C1, S1, C2 and S2 (RTMP 1.0 section 5.2.3). */
export const packetLength = 1536;
/** The version byte of plain RTMP. */
const plainVersion = 3;
/** What we call ourselves in a digest handshake. Flash and FFmpeg check digests from major version 3 on. */
const serverVersion = [5, 0, 3, 1] as const;
const clientVersion = [128, 0, 7, 2] as const;

/** Which of the two handshakes a peer asked for; for the log. */
export type HandshakeKind = "simple" | "digest";

export interface HandshakeAnswer {
  readonly kind: HandshakeKind;
  /** S0, S1 and S2, to be sent at once. */
  readonly bytes: Uint8Array;
}

/**
 * The server's side: answers C0 and C1.
 *
 * Digest if C1 holds a digest by either scheme, else simple with four zero bytes in S1, which tells players not to
 * look for one. What C2 says is nobody's concern: deployed clients differ in it.
 *
 * @param version C0
 * @param c1 1536 bytes; part of the answer to the simple handshake
 * @throws {ProtocolError} for RTMPE, which is not spoken here.
 */
export function answerHandshake(version: number, c1: Uint8Array): HandshakeAnswer {
  if (version === 6 || version === 8 || version === 9) throw new ProtocolError("unsupported", `RTMPE (version ${version})`);
  const digest = c1.subarray(4, 8).some((byte) => byte !== 0) ? findDigest(c1, DigestSide.client) : undefined;
  const s1 = newPacket(digest === undefined ? [0, 0, 0, 0] : serverVersion);
  let s2 = c1;
  if (digest !== undefined) {
    imprintDigest(s1, digest.scheme, DigestSide.server);
    s2 = randomBytes(packetLength);
    signEcho(s2, digest.value, DigestSide.server);
  }
  return { kind: digest === undefined ? "simple" : "digest", bytes: Buffer.concat([Buffer.of(plainVersion), s1, s2]) };
}

/** The client's side. `hello` is sent first; `answer` makes C2 once S0 and S1 are there. */
export class ClientHandshake {
  /** C0 and C1. */
  readonly hello: Uint8Array;
  readonly #scheme: DigestScheme | undefined;

  /** @param scheme of the digest in C1; none for a simple handshake. */
  constructor(scheme?: DigestScheme) {
    this.#scheme = scheme;
    const c1 = newPacket(scheme === undefined ? [0, 0, 0, 0] : clientVersion);
    if (scheme !== undefined) imprintDigest(c1, scheme, DigestSide.client);
    this.hello = Buffer.concat([Buffer.of(plainVersion), c1]);
  }

  /**
   * C2 for a server's S1: signed if S1 carries a digest, an echo otherwise.
   *
   * @throws {ProtocolError} if the server answers with another version.
   */
  answer(s0s1: Uint8Array): Uint8Array {
    if (s0s1[0] !== plainVersion) throw new ProtocolError("unsupported", `the server speaks version ${s0s1[0]}`);
    const s1 = s0s1.subarray(1, 1 + packetLength);
    const digest = this.#scheme === undefined ? undefined : findDigest(s1, DigestSide.server);
    if (digest === undefined) return s1.slice();
    const c2 = randomBytes(packetLength);
    signEcho(c2, digest.value, DigestSide.client);
    return c2;
  }
}

/** Time zero, four version bytes, random. */
function newPacket(version: readonly number[]): Buffer {
  const packet = randomBytes(packetLength);
  packet.fill(0, 0, 4);
  packet.set(version, 4);
  return packet;
}
