import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";
import type { Frame } from "../../media/frame.ts";
import { Sap } from "../../media/frame.ts";
import type { Discontinuity } from "../../media/muxer.ts";
import type { Generation } from "../../media/track.ts";
import { toMicros } from "../../media/time.ts";
import { decodeGeneration, encodeGeneration } from "./generation-text.ts";
import { readSigned, readVarint, writeSigned, writeVarint } from "./varint.ts";

/** What a ring file holds: the entries of a timeline. `micros` is the frame's decoding time in microseconds. */
export type RingEntry =
  | { readonly kind: "frame"; readonly frame: Frame; readonly micros: number }
  | { readonly kind: "generation"; readonly generation: Generation }
  | { readonly kind: "discontinuity"; readonly discontinuity: Discontinuity };

/** Bytes of one record, at most: the largest frame that any publisher may send, and some. */
export const MAX_RECORD = 80 * 1024 * 1024;
/** Bytes that tell a record's kind and length, at most. */
const MAX_HEAD = 1 + 8;

const Kind = { frame: 1, generation: 2, discontinuity: 3 } as const;
/** Their places are their numbers in the file: new ones come last. */
const reasons: readonly Discontinuity["reason"][] = ["start", "reconnect", "takeover", "jump"];

/** A record that lies whole in what was read, and what follows it; undefined where more is needed. */
export function splitRecord(bytes: Uint8Array): { readonly kind: number; readonly body: Uint8Array; readonly length: number } | undefined {
  const length = recordLength(bytes);
  if (length === undefined || bytes.length < length.total) return undefined;
  return { kind: bytes[0]!, body: bytes.subarray(length.head, length.total), length: length.total };
}

/** Bytes of the record that begins here, and of its head; undefined where too little of it is there to tell. */
export function recordLength(bytes: Uint8Array): { readonly head: number; readonly total: number } | undefined {
  const end = Math.min(bytes.length, MAX_HEAD);
  for (let i = 1; i < end; i++) {
    if (bytes[i]! >= 0x80) continue;
    const reader = new Reader(bytes.subarray(1, i + 1));
    const length = readVarint(reader);
    if (length > MAX_RECORD) throw new ProtocolError("limit", `a record of a ring file has ${length} bytes`);
    return { head: 1 + reader.at, total: 1 + reader.at + length };
  }
  if (end === MAX_HEAD) throw new ProtocolError("malformed", "a record of a ring file has no length");
  return undefined;
}

/** @returns its bytes in pieces, the last of which is the frame's own payload */
export function encodeRecord(entry: RingEntry): Uint8Array[] {
  switch (entry.kind) {
    case "frame": {
      const { track, dts, pts, sap, discardable, data } = entry.frame;
      const times = new Writer(24);
      writeVarint(times, track);
      writeSigned(times, dts);
      writeSigned(times, pts - dts);
      return [...record(Kind.frame | (sap << 2) | (discardable ? 0x20 : 0), times.done(), data.length), data];
    }
    case "generation":
      return record(Kind.generation, encodeGeneration(entry.generation));
    case "discontinuity":
      return record(Kind.discontinuity, encodeDiscontinuity(entry.discontinuity));
  }
}

function record(kind: number, body: Uint8Array, more = 0): Uint8Array[] {
  const writer = new Writer(MAX_HEAD + body.length);
  writer.u8(kind);
  writeVarint(writer, body.length + more);
  return [writer.bytes(body).done()];
}

/** @param generation in force, which says what a frame's ticks are. Payloads are views of `body` */
export function decodeRecord(kind: number, body: Uint8Array, generation: Generation | undefined): RingEntry {
  const reader = new Reader(body);
  switch (kind & 0x03) {
    case Kind.frame: {
      const id = readVarint(reader);
      const dts = readSigned(reader);
      const pts = dts + readSigned(reader);
      const track = generation?.tracks.find((one) => one.id === id);
      if (track === undefined) throw new ProtocolError("malformed", `a frame of a ring file is of track ${id}, which is not there`);
      const sap = (kind >> 2) & 0x07;
      if (sap > Sap.gradual || kind > 0x3f) throw new ProtocolError("malformed", "a frame of a ring file is of an unknown sort");
      const micros = toMicros(dts, track.timescale);
      const frame = { track: id, dts, pts, sap: sap as Sap, discardable: (kind & 0x20) !== 0, arrived: micros, data: reader.rest() };
      return { kind: "frame", frame, micros };
    }
    case Kind.generation:
      if (kind !== Kind.generation) break;
      return { kind: "generation", generation: decodeGeneration(body) };
    case Kind.discontinuity:
      if (kind !== Kind.discontinuity) break;
      return { kind: "discontinuity", discontinuity: decodeDiscontinuity(reader) };
  }
  throw new ProtocolError("unsupported", `a record of a ring file is of kind ${kind}`);
}

export function encodeDiscontinuity({ reason, utcOffset }: Discontinuity): Uint8Array {
  return new Writer(9).u8(reasons.indexOf(reason)).f64(utcOffset).done();
}

export function decodeDiscontinuity(reader: Reader): Discontinuity {
  const reason = reasons[reader.u8()];
  const utcOffset = reader.f64();
  if (reason === undefined || !Number.isFinite(utcOffset))
    throw new ProtocolError("malformed", "a discontinuity of a ring file is unknown");
  return { reason, utcOffset };
}
