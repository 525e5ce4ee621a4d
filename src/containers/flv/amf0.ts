import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";
import type { AmfObject, AmfReferable, AmfValue } from "./amf-value.ts";
import { AmfBudget, AmfDictionary, AmfEcmaArray, AmfTypedObject, AmfVector, AmfXml } from "./amf-value.ts";
import { amfObject, MAX_AMF_DEPTH, MAX_AMF_KEY, MAX_AMF_STRING, MAX_AMF_VALUES } from "./amf-value.ts";
import { readAmf3, writeAmf3 } from "./amf3.ts";

export type { AmfObject, AmfValue } from "./amf-value.ts";
export { AmfEcmaArray, amfObject, amfProperties } from "./amf-value.ts";

/** Type markers of AMF0 (Action Message Format AMF 0, 2.1). */
const Marker = {
  number: 0x00,
  boolean: 0x01,
  string: 0x02,
  object: 0x03,
  null: 0x05,
  undefined: 0x06,
  reference: 0x07,
  ecmaArray: 0x08,
  objectEnd: 0x09,
  strictArray: 0x0a,
  date: 0x0b,
  longString: 0x0c,
  unsupported: 0x0d,
  xmlDocument: 0x0f,
  typedObject: 0x10,
  avmPlus: 0x11,
} as const;

const utf8 = new TextEncoder();

/**
 * Reads one value. See `decodeAmf0All` for what is forgiven.
 *
 * @throws ProtocolError for anything else than AMF0 within the limits of `amf-value.ts`
 */
export function decodeAmf0(reader: Reader): AmfValue {
  return new Amf0Decoder(reader).value();
}

/**
 * Reads values to the end of `data`: a command or data message of RTMP, or a script tag of FLV. Limits and
 * references are those of the whole message.
 *
 * Forgiven: an object that ends with the message instead of an end marker, a wrong count of an ECMA array, empty
 * property names, malformed UTF-8 (U+FFFD). "Unsupported" reads as undefined, the time zone of a date is dropped.
 * MovieClip and RecordSet, which no one can write, are refused.
 *
 * Of properties with the same name the last counts; names that look like array indexes come first in JavaScript's
 * order. Byte arrays are views of `data`.
 */
export function decodeAmf0All(data: Uint8Array): AmfValue[] {
  const reader = new Reader(data);
  const decoder = new Amf0Decoder(reader);
  const values: AmfValue[] = [];
  while (reader.left > 0) values.push(decoder.value());
  return values;
}

/** The values one after another. What only AMF3 has (byte arrays, vectors, dictionaries) goes behind the switch 0x11. */
export function encodeAmf0(...values: readonly AmfValue[]): Uint8Array {
  const writer = new Writer(256);
  for (const value of values) writeValue(writer, value, 0);
  return writer.done();
}

class Amf0Decoder {
  readonly #reader: Reader;
  readonly #budget = new AmfBudget();
  readonly #references: AmfReferable[] = [];

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  value(): AmfValue {
    this.#budget.spend(1, 0);
    const reader = this.#reader;
    const marker = reader.u8();
    switch (marker) {
      case Marker.number:
        return reader.f64();
      case Marker.boolean:
        return reader.u8() !== 0;
      case Marker.string:
        return this.#text(reader.u16(), MAX_AMF_STRING);
      case Marker.longString:
        return this.#text(reader.u32(), MAX_AMF_STRING);
      case Marker.xmlDocument:
        return new AmfXml(this.#text(reader.u32(), MAX_AMF_STRING));
      case Marker.null:
        return null;
      case Marker.undefined:
      case Marker.unsupported:
        return undefined;
      case Marker.date:
        return this.#date();
      case Marker.reference:
        return this.#budget.reuse(this.#references, reader.u16());
      case Marker.avmPlus:
        return readAmf3(reader, this.#budget);
      default:
        return this.#collection(marker);
    }
  }

  #collection(marker: number): AmfValue {
    switch (marker) {
      case Marker.object:
        return this.#properties((values) => values);
      case Marker.ecmaArray:
        this.#reader.skip(4); // the count is often 0 or wrong
        return this.#properties((values) => new AmfEcmaArray(values));
      case Marker.typedObject: {
        const className = this.#text(this.#reader.u16(), MAX_AMF_KEY);
        return this.#properties((values) => new AmfTypedObject(className, values));
      }
      case Marker.strictArray:
        return this.#strictArray();
      case Marker.objectEnd:
        throw new ProtocolError("malformed", "AMF0 end of object outside an object");
      default:
        throw new ProtocolError("unsupported", `AMF0 type ${marker}`);
    }
  }

  #text(length: number, limit: number): string {
    this.#budget.spendText(length, limit);
    return this.#reader.text(length);
  }

  #date(): Date {
    const milliseconds = this.#reader.f64();
    this.#reader.skip(2); // time zone: reserved, to be ignored
    return new Date(milliseconds);
  }

  #properties(wrap: (values: AmfObject) => AmfValue): AmfValue {
    const values = amfObject();
    return this.#budget.nested(this.#references, wrap(values), () => {
      const reader = this.#reader;
      while (reader.left > 0) {
        const key = this.#text(reader.u16(), MAX_AMF_KEY);
        if (key === "" && (reader.left === 0 || reader.peek() === Marker.objectEnd)) {
          reader.skip(Math.min(1, reader.left));
          return;
        }
        values[key] = this.value();
      }
    });
  }

  #strictArray(): AmfValue {
    const count = this.#reader.u32();
    checkCount(count, this.#reader.left);
    const items: AmfValue[] = [];
    return this.#budget.nested(this.#references, items, () => {
      for (let i = 0; i < count; i++) items.push(this.value());
    });
  }
}

/** Every item takes at least one byte. */
function checkCount(count: number, left: number): void {
  if (count > MAX_AMF_VALUES) throw new ProtocolError("limit", `AMF0 array of ${count} items`);
  if (count > left) throw new ProtocolError("truncated", `AMF0 array of ${count} items in ${left} bytes`);
}

function writeValue(writer: Writer, value: AmfValue, depth: number): void {
  if (depth > MAX_AMF_DEPTH) throw new Error(`AMF value to be written is nested deeper than ${MAX_AMF_DEPTH}, or contains itself`);
  if (value === undefined) writer.u8(Marker.undefined);
  else if (value === null) writer.u8(Marker.null);
  else if (typeof value === "number") writer.u8(Marker.number).f64(value);
  else if (typeof value === "boolean") writer.u8(Marker.boolean).u8(value ? 1 : 0);
  else if (typeof value === "string") writeString(writer, value);
  else if (value instanceof Date) writer.u8(Marker.date).f64(value.getTime()).u16(0);
  else if (value instanceof AmfXml) writeLong(writer.u8(Marker.xmlDocument), utf8.encode(value.text));
  else if (Array.isArray(value)) {
    writer.u8(Marker.strictArray).u32(value.length);
    for (const item of value) writeValue(writer, item, depth + 1);
  } else if (value instanceof AmfEcmaArray) {
    writer.u8(Marker.ecmaArray).u32(Object.keys(value.values).length);
    writeProperties(writer, value.values, depth);
  } else if (value instanceof AmfTypedObject) {
    writeKey(writer.u8(Marker.typedObject), value.className);
    writeProperties(writer, value.values, depth);
  } else if (value instanceof Uint8Array || value instanceof AmfVector || value instanceof AmfDictionary) {
    writeAmf3(writer.u8(Marker.avmPlus), value, depth);
  } else writeProperties(writer.u8(Marker.object), value, depth);
}

function writeProperties(writer: Writer, values: AmfObject, depth: number): void {
  for (const [key, value] of Object.entries(values)) {
    writeKey(writer, key);
    writeValue(writer, value, depth + 1);
  }
  writer.u16(0).u8(Marker.objectEnd);
}

function writeKey(writer: Writer, key: string): void {
  const bytes = utf8.encode(key);
  if (bytes.length > 0xffff) throw new Error(`AMF0 name of ${bytes.length} bytes to be written`);
  writer.u16(bytes.length).bytes(bytes);
}

function writeString(writer: Writer, text: string): void {
  const bytes = utf8.encode(text);
  if (bytes.length > 0xffff) writeLong(writer.u8(Marker.longString), bytes);
  else writer.u8(Marker.string).u16(bytes.length).bytes(bytes);
}

function writeLong(writer: Writer, bytes: Uint8Array): void {
  writer.u32(bytes.length).bytes(bytes);
}
