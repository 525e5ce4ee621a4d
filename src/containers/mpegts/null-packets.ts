/** Stuffing that says something: packets of the PID that players pass over (ISO/IEC 13818-1 2.4.1). */
import { PACKET_LENGTH } from "./packet.ts";

const headerSize = 4;
const stuffing = 0xff;

/** Whole packets with these bytes in them, filled up with 0xff. */
export function nullPackets(payload: Uint8Array): Uint8Array {
  const room = PACKET_LENGTH - headerSize;
  const count = Math.ceil(payload.length / room);
  const out = new Uint8Array(count * PACKET_LENGTH).fill(stuffing);
  for (let i = 0; i < count; i++) {
    out.set([0x47, 0x1f, 0xff, 0x10], i * PACKET_LENGTH);
    out.set(payload.subarray(i * room, (i + 1) * room), i * PACKET_LENGTH + headerSize);
  }
  return out;
}

/** What the null packets hold that `bytes` begin with, filling included. */
export function readNullPackets(bytes: Uint8Array): Uint8Array {
  const parts: number[] = [];
  for (
    let at = 0;
    at + PACKET_LENGTH <= bytes.length && bytes[at] === 0x47 && bytes[at + 1] === 0x1f && bytes[at + 2] === 0xff;
    at += PACKET_LENGTH
  )
    parts.push(...bytes.subarray(at + headerSize, at + PACKET_LENGTH));
  return Uint8Array.from(parts);
}
