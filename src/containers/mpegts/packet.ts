/** Transport stream packets, ISO/IEC 13818-1 2.4.3.2 and 2.4.3.4: 188 bytes of one elementary stream or table. */

export const PACKET_LENGTH = 188;
export const SYNC_BYTE = 0x47;
/** Packets of this PID fill the line and say nothing. */
export const NULL_PID = 0x1fff;
/** Bytes of a packet that are not its header. */
export const PACKET_ROOM = PACKET_LENGTH - 4;

/** Ticks of 90 kHz before stamps begin again: they have 33 bits. */
export const STAMP_TURN = 2 ** 33;

/** What stands before a packet's payload. */
export interface PacketHeader {
  readonly pid: number;
  /** A PES packet, or the pointer to a section, begins with the payload. */
  readonly start: boolean;
  readonly scrambled: boolean;
  /** Rises by one, modulo 16, with every packet of the PID that has a payload. */
  readonly counter: number;
  /** The counter, or the clock, may not follow from what came before. */
  readonly discontinuity: boolean;
  readonly randomAccess: boolean;
  /** Ticks of 27 MHz. */
  readonly pcr: number | undefined;
  /** Bytes from the start of the packet to its payload; PACKET_LENGTH where it has none. */
  readonly payload: number;
}

/** Reads the header of the whole packet at an offset. Undefined where it is damaged, or says so. */
export function readPacketHeader(data: Uint8Array, at: number): PacketHeader | undefined {
  const second = data[at + 1]!;
  const fourth = data[at + 3]!;
  const hasAdaptation = (fourth & 0x20) !== 0;
  const hasPayload = (fourth & 0x10) !== 0;
  const isErroneous = (second & 0x80) !== 0;
  const adaptation = hasAdaptation ? data[at + 4]! : 0;
  if (data[at] !== SYNC_BYTE || isErroneous || (!hasAdaptation && !hasPayload)) return undefined;
  if (adaptation > (hasPayload ? PACKET_ROOM - 2 : PACKET_ROOM - 1)) return undefined;
  const flags = adaptation > 0 ? data[at + 5]! : 0;
  return {
    pid: ((second & 0x1f) << 8) | data[at + 2]!,
    start: (second & 0x40) !== 0,
    scrambled: (fourth & 0xc0) !== 0,
    counter: fourth & 0x0f,
    discontinuity: (flags & 0x80) !== 0,
    randomAccess: (flags & 0x40) !== 0,
    pcr: (flags & 0x10) !== 0 && adaptation >= 7 ? readPcr(data, at + 6) : undefined,
    payload: !hasPayload ? PACKET_LENGTH : hasAdaptation ? 5 + adaptation : 4,
  };
}

function readPcr(data: Uint8Array, at: number): number {
  const fifth = data[at + 4]!;
  const base = (data[at]! * 0x1_000000 + ((data[at + 1]! << 16) | (data[at + 2]! << 8) | data[at + 3]!)) * 2 + (fifth >> 7);
  return base * 300 + (((fifth & 1) << 8) | data[at + 5]!);
}

/** What `writePacketHeader` is told; what is left out is not said. */
export type PacketFields = Pick<PacketHeader, "pid" | "counter"> &
  Partial<Pick<PacketHeader, "start" | "discontinuity" | "randomAccess" | "pcr">>;

/**
 * Writes the header of a packet, with stuffing where the payload leaves room.
 *
 * @param wanted bytes that wait to be carried; with none the packet has no payload, and its counter is that of the packet before
 * @returns offset in `out` of the payload, which is as long as the packet has room
 */
export function writePacketHeader(out: Uint8Array, at: number, fields: PacketFields, wanted: number): number {
  const { pid, counter, start = false, discontinuity = false, randomAccess = false, pcr } = fields;
  const flags = (discontinuity ? 0x80 : 0) | (randomAccess ? 0x40 : 0) | (pcr === undefined ? 0 : 0x10);
  const needed = flags === 0 ? 0 : pcr === undefined ? 2 : 8;
  const adaptation = Math.max(needed, PACKET_ROOM - wanted);
  out[at] = SYNC_BYTE;
  out[at + 1] = (start ? 0x40 : 0) | (pid >> 8);
  out[at + 2] = pid;
  out[at + 3] = (adaptation > 0 ? 0x20 : 0) | (wanted > 0 ? 0x10 : 0) | counter;
  const payload = at + 4 + adaptation;
  if (adaptation === 0) return payload;
  out[at + 4] = adaptation - 1;
  if (adaptation > 1) out[at + 5] = flags;
  if (pcr !== undefined) writePcr(out, at + 6, pcr);
  out.fill(0xff, at + 4 + Math.max(needed, 2), payload);
  return payload;
}

function writePcr(out: Uint8Array, at: number, pcr: number): void {
  const base = Math.floor(pcr / 300) % STAMP_TURN;
  const extension = pcr % 300;
  const high = Math.floor(base / 2);
  out[at] = high >>> 24;
  out[at + 1] = high >>> 16;
  out[at + 2] = high >>> 8;
  out[at + 3] = high;
  out[at + 4] = ((base & 1) << 7) | 0x7e | (extension >> 8);
  out[at + 5] = extension;
}
