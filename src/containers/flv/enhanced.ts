import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { Reader } from "../../bytes/reader.ts";

/** Which form of header is written where there are two: HEVC as FourCC `hvc1` or as the unofficial codec id 12. */
export const Signalling = { enhanced: "enhanced", legacy: "legacy" } as const;
export type Signalling = (typeof Signalling)[keyof typeof Signalling];

/** Tracks in one multitrack message. */
export const MAX_TRACKS_PER_MESSAGE = 32;
/** ModEx blocks in one message; only one kind is defined. */
const MAX_MOD_EX = 16;

/** Packet type of a ModEx block, the same for audio and video. */
const MOD_EX = 7;
/** ModEx type: a part of a millisecond to be added to the presentation time. */
const TIMESTAMP_OFFSET_NANO = 0;
const MAX_NANOSECONDS = 999_999;

const MultitrackType = { oneTrack: 0, manyTracks: 1, manyTracksManyCodecs: 2 } as const;

/** The packet type behind any ModEx blocks, and what they said. */
export interface ExtendedType {
  readonly packetType: number;
  /** 0 to 999,999, to be added to the presentation time. */
  readonly nanoseconds: number;
}

/** Enhanced RTMP v2, "Enhanced Audio" and "Enhanced Video", ModEx: blocks of any kind are stepped over. */
export function readModEx(reader: Reader, first: number): ExtendedType {
  let packetType = first;
  let nanoseconds = 0;
  for (let count = 0; packetType === MOD_EX; count++) {
    if (count === MAX_MOD_EX) throw new ProtocolError("limit", `more than ${MAX_MOD_EX} ModEx blocks`);
    let size = reader.u8() + 1;
    if (size === 256) size = reader.u16() + 1;
    const data = reader.bytes(size);
    const types = reader.u8();
    if (types >> 4 === TIMESTAMP_OFFSET_NANO && size >= 3) {
      nanoseconds = Math.min(MAX_NANOSECONDS, (data[0]! << 16) | (data[1]! << 8) | data[2]!);
    }
    packetType = types & 15;
  }
  return { packetType, nanoseconds };
}

/** One track's part of a message. */
export interface TrackPart {
  readonly packetType: number;
  readonly fourCc: string;
  /** 0 is the default track, and all there is without multitrack. */
  readonly trackId: number;
  readonly body: Uint8Array;
}

/** What follows the first byte and ModEx of a message with FourCC: one track, or several (Enhanced RTMP v2, Multitrack). */
export function readTrackParts(reader: Reader, packetType: number, multitrack: number): TrackPart[] {
  if (packetType !== multitrack) return [{ packetType, fourCc: reader.fourCc(), trackId: 0, body: reader.rest() }];
  const types = reader.u8();
  const inner = types & 15;
  if (inner === multitrack || inner === MOD_EX) throw new ProtocolError("malformed", "multitrack or ModEx inside multitrack");
  switch (types >> 4) {
    case MultitrackType.oneTrack:
      return [{ packetType: inner, fourCc: reader.fourCc(), trackId: reader.u8(), body: reader.rest() }];
    case MultitrackType.manyTracks:
      return readMany(reader, inner, reader.fourCc());
    case MultitrackType.manyTracksManyCodecs:
      return readMany(reader, inner, undefined);
    default:
      throw new ProtocolError("unsupported", `multitrack type ${types >> 4}`);
  }
}

/** @param shared the FourCC of all tracks; undefined where each has its own */
function readMany(reader: Reader, packetType: number, shared: string | undefined): TrackPart[] {
  const parts: TrackPart[] = [];
  while (reader.left > 0) {
    if (parts.length === MAX_TRACKS_PER_MESSAGE)
      throw new ProtocolError("limit", `more than ${MAX_TRACKS_PER_MESSAGE} tracks in a message`);
    const fourCc = shared ?? reader.fourCc();
    const trackId = reader.u8();
    parts.push({ packetType, fourCc, trackId, body: reader.bytes(reader.u24()) });
  }
  return parts;
}

/** A FourCC as onMetaData's codec ids have it: the four characters as one number. */
export function fourCcNumber(fourCc: string): number {
  let value = 0;
  for (let i = 0; i < 4; i++) value = value * 256 + fourCc.charCodeAt(i);
  return value;
}

/** JSON text of a FourCC for an error message: any bytes may stand there. */
export function unknownFourCc(kind: string, fourCc: string): ProtocolError {
  return new ProtocolError("unsupported", `${kind} codec ${JSON.stringify(fourCc)}`);
}
