/**
 * NAL units each behind a start code, ITU-T H.264 and H.265 annex B: how MPEG-TS and raw video files have them. `nal.ts` has the form that frames
 * have here.
 */
import { ProtocolError } from "../bytes/protocol-error.ts";
import { MAX_NAL_UNITS } from "./nal.ts";

/** The longer of the two start codes: it stands before every unit that we write, as long as the length it takes the place of. */
const START_CODE_LENGTH = 4;

/**
 * The NAL units, as views. Zeros behind them, of which there may be any number, are left out, and so are empty units.
 *
 * @throws ProtocolError where something else stands before the first start code, or there are too many units
 */
export function annexBUnits(data: Uint8Array): Uint8Array[] {
  const units: Uint8Array[] = [];
  let code = startCode(data, 0);
  for (let i = 0; i < code; i++) if (data[i] !== 0) throw new ProtocolError("malformed", "no start code where a NAL unit is due");
  while (code < data.length) {
    const start = code + 3;
    code = startCode(data, start);
    let end = code;
    while (end > start && data[end - 1] === 0) end--;
    if (end === start) continue;
    if (units.length === MAX_NAL_UNITS) throw new ProtocolError("limit", `more than ${MAX_NAL_UNITS} NAL units in a frame`);
    units.push(data.subarray(start, end));
  }
  return units;
}

/** Offsets of all `00 00 01` with a byte behind them, which says in every MPEG codec what follows. */
export function* startCodes(data: Uint8Array): Generator<number, void, undefined> {
  for (let at = startCode(data, 0); at + 3 < data.length; at = startCode(data, at + 3)) yield at;
}

/** Offset of the next `00 00 01`, or the length of the data. */
function startCode(data: Uint8Array, from: number): number {
  for (let i = from + 2; i < data.length;) {
    const byte = data[i]!;
    if (byte === 1 && data[i - 1] === 0 && data[i - 2] === 0) return i - 2;
    i += byte === 0 ? 1 : 3;
  }
  return data.length;
}

/** NAL units, in order, each behind a start code of 4 bytes. */
export function joinAnnexB(units: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(units.reduce((sum, unit) => sum + START_CODE_LENGTH + unit.length, 0));
  let at = 0;
  for (const unit of units) {
    out[at + START_CODE_LENGTH - 1] = 1;
    out.set(unit, at + START_CODE_LENGTH);
    at += START_CODE_LENGTH + unit.length;
  }
  return out;
}
