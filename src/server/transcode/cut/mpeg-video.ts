import { ProtocolError } from "../../../bytes/protocol-error.ts";
import type { Unit, UnitReader } from "./cutter.ts";

const SEQUENCE = 0xb3;
const PICTURE = 0x00;
const GROUP = 0xb8;

/** Pictures of MPEG-1 and MPEG-2 by themselves (ISO/IEC 13818-2 6.2). A viewer starts at a sequence header. */
export class MpegVideoReader implements UnitReader {
  next(bytes: Uint8Array): Unit | undefined {
    if (bytes.length < 4) return undefined;
    if (bytes[0] !== 0 || bytes[1] !== 0 || bytes[2] !== 1) throw new ProtocolError("malformed", "MPEG video: no start code");
    const role = bytes[3] === SEQUENCE ? "start" : "more";
    let hasPicture = bytes[3] === PICTURE;
    for (let at = bytes.indexOf(1, 4); at >= 0 && at + 1 < bytes.length; at = bytes.indexOf(1, at + 1)) {
      if (bytes[at - 1] !== 0 || bytes[at - 2] !== 0) continue;
      const code = bytes[at + 1];
      if (hasPicture && (code === SEQUENCE || code === GROUP || code === PICTURE)) return { length: at - 2, role };
      if (code === PICTURE) hasPicture = true;
    }
    return undefined;
  }
}
