import { ProtocolError } from "../../../bytes/protocol-error.ts";
import { Reader } from "../../../bytes/reader.ts";
import type { Unit, UnitReader } from "./cutter.ts";

/** Bytes of the header of the data, which packets follow. */
const DATA_HEADER = 18;
const PACKET_HEADER = 12;
const KEY_FRAME = 2;

/** RealMedia as FFmpeg writes it: objects up to that of the data, then packets that say whether they begin a key frame. */
export class RealReader implements UnitReader {
  #inData = false;
  #isOver = false;
  #begun = false;

  next(bytes: Uint8Array): Unit | undefined {
    if (this.#isOver) return { length: bytes.length, role: "more" };
    if (bytes.length < PACKET_HEADER) return undefined;
    return this.#inData ? this.#packet(new Reader(bytes)) : this.#object(bytes);
  }

  #object(bytes: Uint8Array): Unit {
    const reader = new Reader(bytes);
    const name = String.fromCharCode(...reader.bytes(4));
    const length = reader.u32();
    if (!this.#begun && name !== ".RMF") throw new ProtocolError("malformed", "RealMedia: another file");
    this.#begun = true;
    if (name !== "DATA") {
      if (length < 8) throw new ProtocolError("malformed", `RealMedia: an object of ${length} bytes`);
      return { length, role: "header" };
    }
    if (bytes.length >= DATA_HEADER) this.#inData = true;
    return { length: DATA_HEADER, role: "header" };
  }

  #packet(reader: Reader): Unit {
    reader.skip(2);
    const length = reader.u16();
    const stream = reader.u16();
    reader.skip(5);
    const flags = reader.u8();
    if (length < PACKET_HEADER) {
      // Zeros end the data.
      if (length !== 0) throw new ProtocolError("malformed", `RealMedia: a packet of ${length} bytes`);
      this.#isOver = true;
      return { length: PACKET_HEADER, role: "more" };
    }
    return { length, role: stream === 0 && (flags & KEY_FRAME) !== 0 ? "start" : "more" };
  }
}
