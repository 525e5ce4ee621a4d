/** What NAL units are to somebody who makes frames of a stream that carries its parameter sets among the pictures: H.264 and HEVC in one form. */
import { BitReader } from "../bytes/bits.ts";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { AvcNalType, avcAccess, avcConfigFrom } from "./avc.ts";
import { parseAvcSps } from "./avc-sps.ts";
import type { FrameAccess } from "./frame.ts";
import { HevcNalType, hevcAccess, hevcConfigFrom, hevcTemporalLayers } from "./hevc.ts";
import { parseHevcSps } from "./hevc-sps.ts";
import { withoutEmulationPrevention } from "./nal.ts";
import { Codec } from "./track.ts";

/** What a NAL unit is; `prefix` is SEI that comes before a picture. */
export type NalRole = "vps" | "sps" | "pps" | "slice" | "prefix" | "delimiter" | "filler" | "other";

/** Parameter sets of a stream. */
export interface NalSets {
  readonly vps: readonly Uint8Array[];
  readonly sps: readonly Uint8Array[];
  readonly pps: readonly Uint8Array[];
}

export interface NalRules {
  role(unit: Uint8Array): NalRole;
  /** The first slice of a picture. */
  beginsPicture(slice: Uint8Array): boolean;
  /** The number by which pictures and other sets refer to a set: a later one of the same kind and number replaces it. @throws ProtocolError */
  setId(role: NalRole, unit: Uint8Array): number;
  /** The decoder configuration record. @throws ProtocolError */
  config(sets: NalSets): Uint8Array;
  /** Pictures may be fields, two of which make a frame. @throws ProtocolError */
  hasFields(sps: Uint8Array): boolean;
  /** @param config the record in force; empty where there is none yet */
  access(config: Uint8Array, data: Uint8Array): FrameAccess;
}

export type NalCodec = typeof Codec.avc | typeof Codec.hevc;

export function nalRules(codec: NalCodec): NalRules {
  return codec === Codec.avc ? avcRules : hevcRules;
}

/** Bytes of a set that hold its number. */
const SET_ID_BYTES = 16;

/** Bits of a NAL unit from a byte on. */
function bitsFrom(unit: Uint8Array, from: number): BitReader {
  return new BitReader(withoutEmulationPrevention(unit.subarray(0, SET_ID_BYTES)).subarray(from));
}

function bounded(id: number, max: number): number {
  if (id > max) throw new ProtocolError("malformed", `parameter set ${id}, at most ${max}`);
  return id;
}

const avcRules: NalRules = {
  role(unit) {
    switch (unit[0]! & 0x1f) {
      case AvcNalType.sps:
        return "sps";
      case AvcNalType.pps:
        return "pps";
      case AvcNalType.slice:
      case AvcNalType.partitionA:
      case AvcNalType.partitionB:
      case AvcNalType.partitionC:
      case AvcNalType.idr:
        return "slice";
      case AvcNalType.sei:
        return "prefix";
      case AvcNalType.delimiter:
        return "delimiter";
      case AvcNalType.filler:
        return "filler";
      default:
        return "other";
    }
  },
  // first_mb_in_slice is an Exp-Golomb code: a leading 1 is the number 0. Partitions B and C have no such field.
  beginsPicture(slice) {
    const type = slice[0]! & 0x1f;
    return type !== AvcNalType.partitionB && type !== AvcNalType.partitionC && (slice[1]! & 0x80) !== 0;
  },
  setId: (role, unit) => (role === "sps" ? bounded(bitsFrom(unit, 4).ue(), 31) : bounded(bitsFrom(unit, 1).ue(), 255)),
  config: ({ sps, pps }) => {
    if (pps.length === 0) throw new ProtocolError("order", "an SPS without a PPS");
    return avcConfigFrom(sps, pps);
  },
  hasFields: (sps) => parseAvcSps(sps).interlaced,
  access: (_config, data) => avcAccess(data),
};

const hevcRules: NalRules = {
  role(unit) {
    // Enhancement layers belong to the picture whatever they are.
    if (unit.length < 2 || (unit[0]! & 1) !== 0 || unit[1]! >> 3 !== 0) return "other";
    const type = (unit[0]! >> 1) & 0x3f;
    if (type <= HevcNalType.lastSlice) return "slice";
    switch (type) {
      case HevcNalType.vps:
        return "vps";
      case HevcNalType.sps:
        return "sps";
      case HevcNalType.pps:
        return "pps";
      case HevcNalType.prefixSei:
        return "prefix";
      case HevcNalType.delimiter:
        return "delimiter";
      case HevcNalType.filler:
        return "filler";
      default:
        return "other";
    }
  },
  beginsPicture: (slice) => (slice[2]! & 0x80) !== 0,
  setId(role, unit) {
    if (role === "sps") return parseHevcSps(unit).id;
    const bits = bitsFrom(unit, 2);
    return role === "vps" ? bits.u(4) : bounded(bits.ue(), 63);
  },
  config: ({ vps, sps, pps }) => {
    if (vps.length === 0 || pps.length === 0) throw new ProtocolError("order", "an SPS without a VPS or a PPS");
    return hevcConfigFrom(vps, sps, pps);
  },
  hasFields: () => false,
  access: (config, data) => hevcAccess(data, hevcTemporalLayers(config)),
};
