import { createHmac } from "node:crypto";

/**
 * The digest handshake of Flash Player 9.0.115 and later. Adobe's specification leaves it out; every server and
 * player since 2008 knows it. A digest of 32 bytes lies at a place in packet 1 that four other bytes of it tell.
 */
export const DigestSide = { client: "client", server: "server" } as const;
export type DigestSide = (typeof DigestSide)[keyof typeof DigestSide];

/** Which half of packet 1 holds the digest block; the other holds a Diffie-Hellman key. */
export const DigestScheme = { keyFirst: "key-first", digestFirst: "digest-first" } as const;
export type DigestScheme = (typeof DigestScheme)[keyof typeof DigestScheme];

const packetLength = 1536;
const digestLength = 32;
const schemes = [DigestScheme.keyFirst, DigestScheme.digestFirst] as const;

const tail = Buffer.from("f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae", "hex");
const openKeys = {
  client: Buffer.from("Genuine Adobe Flash Player 001", "latin1"),
  server: Buffer.from("Genuine Adobe Flash Media Server 001", "latin1"),
} as const;

function hmac(key: Uint8Array, ...data: Uint8Array[]): Buffer {
  const mac = createHmac("sha256", key);
  for (const piece of data) mac.update(piece);
  return mac.digest();
}

/** Where the digest lies in a packet 1. */
export function digestOffset(packet: Uint8Array, scheme: DigestScheme): number {
  const block = scheme === DigestScheme.keyFirst ? 772 : 8;
  const sum = packet[block]! + packet[block + 1]! + packet[block + 2]! + packet[block + 3]!;
  return (sum % 728) + block + 4;
}

/** The digest that a packet 1 of one side should carry. */
export function computeDigest(packet: Uint8Array, scheme: DigestScheme, side: DigestSide): Uint8Array {
  const at = digestOffset(packet, scheme);
  return hmac(openKeys[side], packet.subarray(0, at), packet.subarray(at + digestLength, packetLength));
}

/** The valid digest of a packet 1 from one side, by whichever scheme; undefined if there is none. */
export function findDigest(packet: Uint8Array, side: DigestSide): { scheme: DigestScheme; value: Uint8Array } | undefined {
  for (const scheme of schemes) {
    const at = digestOffset(packet, scheme);
    const value = packet.subarray(at, at + digestLength);
    if (Buffer.compare(value, computeDigest(packet, scheme, side)) === 0) return { scheme, value };
  }
  return undefined;
}

/** Writes the digest of one side into its packet 1. */
export function imprintDigest(packet: Uint8Array, scheme: DigestScheme, side: DigestSide): void {
  packet.set(computeDigest(packet, scheme, side), digestOffset(packet, scheme));
}

/** What the last 32 bytes of a packet 2 must be, given the digest of the packet 1 that it answers. */
export function echoSignature(packet: Uint8Array, answered: Uint8Array, side: DigestSide): Uint8Array {
  const key = hmac(Buffer.concat([openKeys[side], tail]), answered);
  return hmac(key, packet.subarray(0, packetLength - digestLength));
}

/** Signs the packet 2 of one side. */
export function signEcho(packet: Uint8Array, answered: Uint8Array, side: DigestSide): void {
  packet.set(echoSignature(packet, answered, side), packetLength - digestLength);
}
