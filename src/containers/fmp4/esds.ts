/** The `esds` box (ISO/IEC 14496-14 5.6): an ES_Descriptor of ISO/IEC 14496-1 7.2.6.5, both directions. */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import { fields, fullBox } from "./boxes.ts";

/** objectTypeIndication, ISO/IEC 14496-1 table 5. */
export const ObjectType = {
  aac: 0x40,
  /** MP3 at half the sampling rates, ISO/IEC 13818-3. */
  mpeg2Audio: 0x69,
  /** MP3, ISO/IEC 11172-3. */
  mpeg1Audio: 0x6b,
} as const;
export type ObjectType = (typeof ObjectType)[keyof typeof ObjectType];

const Tag = { esDescriptor: 3, decoderConfig: 4, decoderSpecific: 5, slConfig: 6 } as const;
const audioStream = 0x15;

export interface Esds {
  readonly objectType: number;
  /** AudioSpecificConfig; empty where the coding has none. */
  readonly config: Uint8Array;
}

/** Bit rates and buffer size are left 0: nobody knows them live. */
export function esds({ objectType, config }: Esds): Uint8Array {
  const specific = config.length > 0 ? descriptor(Tag.decoderSpecific, config) : new Uint8Array(0);
  const decoder = fields((out) => out.u8(objectType).u8(audioStream).zeros(11).bytes(specific));
  const es = fields((out) =>
    out
      .u16(0) // ES_ID
      .u8(0)
      .bytes(descriptor(Tag.decoderConfig, decoder))
      .bytes(descriptor(Tag.slConfig, Uint8Array.of(2))),
  );
  return fullBox("esds", 0, 0, descriptor(Tag.esDescriptor, es));
}

/** A descriptor with its length in the four-byte form that every parser is used to. */
function descriptor(tag: number, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  return fields((out) => {
    out.u8(tag);
    for (const shift of [21, 14, 7]) out.u8(0x80 | ((length >> shift) & 0x7f));
    out.u8(length & 0x7f).bytes(payload);
  });
}

/** @param payload of the box, version and flags included; the configuration is a view of it */
export function readEsds(payload: Uint8Array): Esds {
  const es = descriptorIn(new Reader(payload.subarray(4)), Tag.esDescriptor);
  es.skip(2);
  const flags = es.u8();
  if ((flags & 0x80) !== 0) es.skip(2); // depends on another stream
  if ((flags & 0x40) !== 0) es.skip(es.u8()); // URL
  if ((flags & 0x20) !== 0) es.skip(2); // clock stream
  const decoder = descriptorIn(es, Tag.decoderConfig);
  const objectType = decoder.u8();
  decoder.skip(12);
  return { objectType, config: decoder.left === 0 ? decoder.rest() : descriptorIn(decoder, Tag.decoderSpecific).rest() };
}

/** The payload of the descriptor that comes next, which must have this tag. */
function descriptorIn(reader: Reader, tag: number): Reader {
  const found = reader.u8();
  if (found !== tag) throw new ProtocolError("malformed", `descriptor ${found} where ${tag} belongs`);
  let length = 0;
  for (let i = 0; i < 4; i++) {
    const byte = reader.u8();
    length = length * 128 + (byte & 0x7f);
    if (byte < 0x80) break;
  }
  return new Reader(reader.bytes(length));
}
