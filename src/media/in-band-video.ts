/** Frames out of NAL units that carry their parameter sets among them, as MPEG-TS and RTP send them. */
import { ProtocolError } from "../bytes/protocol-error.ts";
import { sameBytes } from "../bytes/same-bytes.ts";
import type { FrameAccess } from "./frame.ts";
import { isRandomAccess } from "./frame.ts";
import { MAX_PARAMETER_SET_LENGTH, joinNalUnits } from "./nal.ts";
import type { NalCodec, NalRole, NalRules } from "./nal-rules.ts";
import { nalRules } from "./nal-rules.ts";

/** Bytes of a decoder configuration record. Real ones have less than 1 KiB. */
export const MAX_RECORD = 64 * 1024;

type SetRole = "vps" | "sps" | "pps";
interface ParameterSet {
  readonly role: SetRole;
  readonly unit: Uint8Array;
}

export interface InBandFrame extends FrameAccess {
  /** NAL units behind lengths of 4 bytes, in memory of its own. */
  readonly data: Uint8Array;
}

/**
 * Gathers the parameter sets of one H.264 or HEVC track and makes its frames.
 *
 * - Delimiters and filler are dropped. Sets that the record in force has are dropped too, so that frames are what an encoder with its sets in a
 *   header would have sent.
 * - Where decoding may start, the sets that have come become the record. One that changes anywhere else stays in its frame, where decoders find
 *   it: a new record there would make players wait for a picture to start at. It goes into the next record.
 * - Sets that come with another SPS or VPS take the place of all that were there.
 */
export class InBandVideo {
  readonly #rules: NalRules;
  /** All that have come, the newest of each number. */
  readonly #known = new Map<string, ParameterSet>();
  /** What the record has. */
  #inForce: readonly ParameterSet[] = [];
  #config = new Uint8Array(0);
  #hasFields = false;

  constructor(codec: NalCodec) {
    this.#rules = nalRules(codec);
  }

  /** The decoder configuration record in force; empty until a frame where decoding may start has come with its sets. */
  get config(): Uint8Array {
    return this.#config;
  }

  /**
   * Takes the sets of a header that stands before the frames: they are the record from the start.
   *
   * @throws ProtocolError where a set cannot be read
   */
  begin(units: readonly Uint8Array[]): void {
    this.#adopt(this.#setsIn(units));
  }

  /**
   * The units given, picture by picture; what stands before a picture's first slice is its own. The two fields of a frame stay together. Units
   * without a slice are one picture.
   *
   * @throws ProtocolError where a set cannot be read
   */
  pictures(units: readonly Uint8Array[]): (readonly Uint8Array[])[] {
    const sps = units.find((unit) => this.#rules.role(unit) === "sps");
    if (sps !== undefined && !has(this.#inForce, { unit: sps })) this.#hasFields = this.#rules.hasFields(sps);
    if (this.#hasFields) return [units];
    const starts = [0];
    /** Where the next picture begins, if one does: behind the last slice and what belongs to it. */
    let next = -1;
    for (const [i, unit] of units.entries()) {
      const role = this.#rules.role(unit);
      if (role === "slice") {
        if (next >= 0 && this.#rules.beginsPicture(unit)) starts.push(next);
        next = i + 1;
      } else if (next === i && (role === "filler" || role === "other")) next = i + 1;
    }
    return starts.map((start, i) => units.slice(start, starts[i + 1]));
  }

  /**
   * The frame of one picture. Undefined where the units have none, and where it cannot be decoded because no record has come.
   *
   * @throws ProtocolError where sets cannot be read; the frame is lost
   */
  frame(units: readonly Uint8Array[]): InBandFrame | undefined {
    const sets: ParameterSet[] = [];
    const bare: Uint8Array[] = [];
    let hasSlice = false;
    for (const unit of units) {
      const role = this.#rules.role(unit);
      if (isSetRole(role)) sets.push({ role, unit });
      else if (!isDropped(role)) bare.push(unit);
      hasSlice ||= role === "slice";
    }
    if (!hasSlice) {
      for (const set of sets) this.#remember(set);
      return undefined;
    }
    const data = joinNalUnits(bare);
    const access = this.#rules.access(this.#config, data);
    if (isRandomAccess(access)) this.#adopt(sets);
    if (this.#config.length === 0) return undefined;
    const changed = sets.filter((set) => !has(this.#inForce, set));
    if (changed.length === 0) return { ...access, data };
    for (const set of changed) this.#remember(set);
    return { ...access, data: joinNalUnits(units.filter((unit) => this.#stays(unit, changed))) };
  }

  #setsIn(units: readonly Uint8Array[]): ParameterSet[] {
    return units.flatMap((unit) => {
      const role = this.#rules.role(unit);
      return isSetRole(role) ? { role, unit } : [];
    });
  }

  #stays(unit: Uint8Array, changed: readonly ParameterSet[]): boolean {
    const role = this.#rules.role(unit);
    return isSetRole(role) ? changed.some((set) => set.unit === unit) : !isDropped(role);
  }

  #adopt(sets: readonly ParameterSet[]): void {
    const before = [...this.#known.values()];
    if (sets.some((set) => set.role !== "pps" && !has(before, set))) {
      const hasPps = sets.some(({ role }) => role === "pps");
      for (const [key, { role }] of this.#known) if (hasPps || role !== "pps") this.#known.delete(key);
    }
    for (const set of sets) this.#remember(set);
    const known = [...this.#known.values()];
    if (known.length === this.#inForce.length && known.every((set) => has(this.#inForce, set))) return;
    if (!known.some(({ role }) => role === "sps")) return;
    const of = (role: SetRole): Uint8Array[] => known.flatMap((set) => (set.role === role ? [set.unit] : []));
    const config = this.#rules.config({ vps: of("vps"), sps: of("sps"), pps: of("pps") });
    if (config.length > MAX_RECORD) throw new ProtocolError("limit", `parameter sets of ${config.length} bytes, ${MAX_RECORD} allowed`);
    this.#config = new Uint8Array(config);
    this.#inForce = known;
  }

  #remember(set: ParameterSet): void {
    if (has([...this.#known.values()], set)) return;
    if (set.unit.length > MAX_PARAMETER_SET_LENGTH) throw new ProtocolError("limit", `parameter set of ${set.unit.length} bytes`);
    this.#known.set(`${set.role} ${this.#rules.setId(set.role, set.unit)}`, { role: set.role, unit: new Uint8Array(set.unit) });
  }
}

function isSetRole(role: NalRole): role is SetRole {
  return role === "vps" || role === "sps" || role === "pps";
}

function isDropped(role: NalRole): boolean {
  return role === "delimiter" || role === "filler";
}

function has(sets: readonly ParameterSet[], { unit }: Pick<ParameterSet, "unit">): boolean {
  return sets.some((set) => sameBytes(set.unit, unit));
}
