import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";
import type { AmfObject, AmfReferable, AmfValue } from "./amf-value.ts";
import { AmfBudget, AmfDictionary, AmfEcmaArray, amfObject, AmfTypedObject, AmfVector, AmfVectorType, AmfXml } from "./amf-value.ts";
import { MAX_AMF_DEPTH, MAX_AMF_KEY, MAX_AMF_STRING, MAX_AMF_VALUES } from "./amf-value.ts";

/** Type markers of AMF3 (Action Message Format AMF 3, 3.1). */
const Marker = {
  undefined: 0x00,
  null: 0x01,
  false: 0x02,
  true: 0x03,
  integer: 0x04,
  double: 0x05,
  string: 0x06,
  xmlDocument: 0x07,
  date: 0x08,
  array: 0x09,
  object: 0x0a,
  xml: 0x0b,
  byteArray: 0x0c,
  vectorInt: 0x0d,
  vectorUint: 0x0e,
  vectorDouble: 0x0f,
  vectorObject: 0x10,
  dictionary: 0x11,
} as const;

const MIN_INTEGER = -(2 ** 28);
const MAX_INTEGER = 2 ** 28 - 1;

const utf8 = new TextEncoder();

/**
 * Reads one value, with reference tables of its own (as RTMP and the switch 0x11 of AMF0 want it).
 *
 * An array with named items reads as an ECMA array that holds the dense ones too, under "0", "1" …; sealed and
 * dynamic members of an object are not told apart. Externalizable objects are refused: only their class knows where
 * they end. Byte arrays are views of the reader's data.
 *
 * @throws ProtocolError for anything else than AMF3 within the limits of `amf-value.ts`
 */
export function decodeAmf3(reader: Reader): AmfValue {
  return readAmf3(reader, new AmfBudget());
}

/** One value. Nothing is written as a reference; an empty ECMA array becomes an empty array, which AMF3 cannot tell from it. */
export function encodeAmf3(value: AmfValue): Uint8Array {
  const writer = new Writer(256);
  writeAmf3(writer, value, 0);
  return writer.done();
}

/** Like `decodeAmf3`, inside an AMF0 message that pays for it. */
export function readAmf3(reader: Reader, budget: AmfBudget): AmfValue {
  return new Amf3Decoder(reader, budget).value();
}

/** What an object's members are called: sent once, then by reference. */
interface Traits {
  readonly className: string;
  readonly dynamic: boolean;
  readonly names: readonly string[];
  /** Bytes of the names, which every object made from these traits repeats when it is written. */
  readonly bytes: number;
}

/** A U29 whose lowest bit says whether a reference index or an inline value follows (AMF3 1.3.1, 3.8 and on). */
interface Handle {
  readonly inline: boolean;
  readonly value: number;
}

class Amf3Decoder {
  readonly #reader: Reader;
  readonly #budget: AmfBudget;
  readonly #strings: { readonly text: string; readonly bytes: number }[] = [];
  readonly #objects: AmfReferable[] = [];
  readonly #traits: Traits[] = [];

  constructor(reader: Reader, budget: AmfBudget) {
    this.#reader = reader;
    this.#budget = budget;
  }

  value(): AmfValue {
    this.#budget.spend(1, 0);
    const marker = this.#reader.u8();
    switch (marker) {
      case Marker.undefined:
        return undefined;
      case Marker.null:
        return null;
      case Marker.false:
        return false;
      case Marker.true:
        return true;
      case Marker.integer:
        return (readU29(this.#reader) << 3) >> 3;
      case Marker.double:
        return this.#reader.f64();
      case Marker.string:
        return this.#string(MAX_AMF_STRING);
      default:
        return this.#referable(marker);
    }
  }

  /** Everything that has a place in the object table. */
  #referable(marker: number): AmfValue {
    if (marker > Marker.dictionary) throw new ProtocolError("unsupported", `AMF3 type ${marker}`);
    const { inline, value } = this.#handle();
    if (!inline) return this.#budget.reuse(this.#objects, value);
    switch (marker) {
      case Marker.xmlDocument:
      case Marker.xml:
        return this.#leaf(new AmfXml(this.#text(value, MAX_AMF_STRING)), value);
      case Marker.date:
        return this.#leaf(new Date(this.#reader.f64()), 0);
      case Marker.byteArray:
        this.#budget.spendText(value, MAX_AMF_STRING);
        return this.#leaf(this.#reader.bytes(value), value);
      case Marker.array:
        return this.#array(value);
      case Marker.object:
        return this.#object(value);
      case Marker.dictionary:
        return this.#dictionary(value);
      default:
        return this.#vector(marker, value);
    }
  }

  #handle(): Handle {
    const u29 = readU29(this.#reader);
    return { inline: (u29 & 1) === 1, value: u29 >>> 1 };
  }

  #leaf<T extends AmfValue>(value: T, bytes: number): T {
    this.#objects.push({ value, cost: { values: 1, bytes, height: 0 } });
    return value;
  }

  #text(length: number, limit: number): string {
    this.#budget.spendText(length, limit);
    return this.#reader.text(length);
  }

  #string(limit: number): string {
    const { inline, value } = this.#handle();
    if (inline) {
      const text = this.#text(value, limit);
      if (value > 0) this.#strings.push({ text, bytes: value });
      return text;
    }
    const known = this.#strings[value];
    if (known === undefined) throw new ProtocolError("malformed", `AMF3 string reference ${value} of ${this.#strings.length}`);
    this.#budget.spendText(known.bytes, limit);
    return known.text;
  }

  /** Checked before anything is allocated: `count` items of at least `size` bytes must be there. */
  #expect(count: number, size: number): void {
    if (count > MAX_AMF_VALUES) throw new ProtocolError("limit", `AMF3 collection of ${count} items`);
    if (count * size > this.#reader.left)
      throw new ProtocolError("truncated", `AMF3 collection of ${count} items in ${this.#reader.left} bytes`);
  }

  #array(count: number): AmfValue {
    this.#expect(count, 1);
    const first = this.#string(MAX_AMF_KEY);
    if (first === "") {
      const items: AmfValue[] = [];
      return this.#budget.nested(this.#objects, items, () => this.#items(items, count));
    }
    const values = amfObject();
    return this.#budget.nested(this.#objects, new AmfEcmaArray(values), () => {
      this.#named(values, first);
      for (let i = 0; i < count; i++) values[String(i)] = this.value();
    });
  }

  #items(items: AmfValue[], count: number): void {
    for (let i = 0; i < count; i++) items.push(this.value());
  }

  /** Named values until an empty name; the first name has been read. */
  #named(values: AmfObject, first: string): void {
    for (let key = first; key !== ""; key = this.#string(MAX_AMF_KEY)) values[key] = this.value();
  }

  #object(flags: number): AmfValue {
    const traits = this.#objectTraits(flags);
    const values = amfObject();
    const object = traits.className === "" ? values : new AmfTypedObject(traits.className, values);
    return this.#budget.nested(this.#objects, object, () => {
      for (const name of traits.names) values[name] = this.value();
      if (traits.dynamic) this.#named(values, this.#string(MAX_AMF_KEY));
    });
  }

  /** AMF3 3.12, U29O-traits-ref, U29O-traits-ext and U29O-traits, the object bit already taken off. */
  #objectTraits(flags: number): Traits {
    if ((flags & 1) === 0) {
      const known = this.#traits[flags >>> 1];
      if (known === undefined) throw new ProtocolError("malformed", `AMF3 traits reference ${flags >>> 1} of ${this.#traits.length}`);
      this.#budget.spend(0, known.bytes);
      return known;
    }
    if ((flags & 2) !== 0) {
      throw new ProtocolError("unsupported", `AMF3 externalizable object of class ${JSON.stringify(this.#string(MAX_AMF_KEY))}`);
    }
    const count = flags >>> 3;
    const className = this.#string(MAX_AMF_KEY);
    this.#expect(count, 1);
    const names: string[] = [];
    let bytes = utf8.encode(className).length;
    for (let i = 0; i < count; i++) {
      const name = this.#string(MAX_AMF_KEY);
      names.push(name);
      bytes += utf8.encode(name).length;
    }
    this.#budget.spend(count, 0);
    const traits: Traits = { className, dynamic: (flags & 4) !== 0, names, bytes };
    this.#traits.push(traits);
    return traits;
  }

  #dictionary(count: number): AmfValue {
    const weakKeys = this.#reader.u8() !== 0;
    this.#expect(count, 2);
    const entries: [AmfValue, AmfValue][] = [];
    return this.#budget.nested(this.#objects, new AmfDictionary(weakKeys, entries), () => {
      for (let i = 0; i < count; i++) entries.push([this.value(), this.value()]);
    });
  }

  #vector(marker: number, count: number): AmfValue {
    const reader = this.#reader;
    const fixed = reader.u8() !== 0;
    const items: AmfValue[] = [];
    if (marker === Marker.vectorObject) {
      const className = this.#string(MAX_AMF_KEY);
      this.#expect(count, 1);
      const vector = new AmfVector(AmfVectorType.object, fixed, className, items);
      return this.#budget.nested(this.#objects, vector, () => this.#items(items, count));
    }
    this.#expect(count, marker === Marker.vectorDouble ? 8 : 4);
    this.#budget.spend(count, 0);
    const vector = new AmfVector(numberType(marker), fixed, "", items);
    const read = numberReader(vector.type);
    for (let i = 0; i < count; i++) items.push(read(reader));
    this.#objects.push({ value: vector, cost: { values: count + 1, bytes: 0, height: 1 } });
    return vector;
  }
}

function numberType(marker: number): AmfVectorType {
  if (marker === Marker.vectorInt) return AmfVectorType.int;
  return marker === Marker.vectorUint ? AmfVectorType.uint : AmfVectorType.double;
}

function numberReader(type: AmfVectorType): (reader: Reader) => number {
  if (type === AmfVectorType.int) return (reader) => reader.i32();
  return type === AmfVectorType.uint ? (reader) => reader.u32() : (reader) => reader.f64();
}

/** A variable-length unsigned 29-bit integer (AMF3 1.3.1): three bytes of 7 bits, the fourth gives 8. */
function readU29(reader: Reader): number {
  let value = 0;
  for (let i = 0; i < 3; i++) {
    const byte = reader.u8();
    if (byte < 0x80) return (value << 7) | byte;
    value = (value << 7) | (byte & 0x7f);
  }
  return (value << 8) | reader.u8();
}

function writeU29(writer: Writer, value: number): Writer {
  if (value < 0 || value >= 2 ** 29) throw new Error(`AMF3 U29 of ${value} to be written`);
  if (value < 0x80) return writer.u8(value);
  if (value < 0x4000) return writer.u8(0x80 | (value >> 7)).u8(value & 0x7f);
  if (value < 0x20_0000) {
    return writer
      .u8(0x80 | (value >> 14))
      .u8(0x80 | ((value >> 7) & 0x7f))
      .u8(value & 0x7f);
  }
  return writer
    .u8(0x80 | (value >> 22))
    .u8(0x80 | ((value >> 15) & 0x7f))
    .u8(0x80 | ((value >> 8) & 0x7f))
    .u8(value & 0xff);
}

/** @param depth levels around the value already */
export function writeAmf3(writer: Writer, value: AmfValue, depth: number): void {
  if (depth > MAX_AMF_DEPTH) throw new Error(`AMF value to be written is nested deeper than ${MAX_AMF_DEPTH}, or contains itself`);
  if (value === undefined) writer.u8(Marker.undefined);
  else if (value === null) writer.u8(Marker.null);
  else if (typeof value === "boolean") writer.u8(value ? Marker.true : Marker.false);
  else if (typeof value === "number") writeNumber(writer, value);
  else if (typeof value === "string") writeText(writer.u8(Marker.string), value);
  else if (value instanceof AmfXml) writeText(writer.u8(Marker.xml), value.text);
  else if (value instanceof Date) writeU29(writer.u8(Marker.date), 1).f64(value.getTime());
  else if (value instanceof Uint8Array) writeInline(writer.u8(Marker.byteArray), value.length).bytes(value);
  else if (value instanceof AmfVector) writeVector(writer, value, depth);
  else if (value instanceof AmfDictionary) {
    writeInline(writer.u8(Marker.dictionary), value.entries.length).u8(value.weakKeys ? 1 : 0);
    for (const pair of value.entries) for (const item of pair) writeAmf3(writer, item, depth + 1);
  } else if (Array.isArray(value)) {
    writeText(writeInline(writer.u8(Marker.array), value.length), "");
    for (const item of value) writeAmf3(writer, item, depth + 1);
  } else if (value instanceof AmfEcmaArray && !("" in value.values)) {
    writeNamed(writeInline(writer.u8(Marker.array), 0), value.values, depth);
  } else if (value instanceof AmfEcmaArray) writeObject(writer, "", value.values, depth);
  else if (value instanceof AmfTypedObject) writeObject(writer, value.className, value.values, depth);
  else writeObject(writer, "", value, depth);
}

function writeNumber(writer: Writer, value: number): void {
  const integer = Number.isInteger(value) && value >= MIN_INTEGER && value <= MAX_INTEGER && !Object.is(value, -0);
  if (integer) writeU29(writer.u8(Marker.integer), value & 0x1fff_ffff);
  else writer.u8(Marker.double).f64(value);
}

function writeInline(writer: Writer, length: number): Writer {
  return writeU29(writer, length * 2 + 1);
}

function writeText(writer: Writer, text: string): void {
  const bytes = utf8.encode(text);
  writeInline(writer, bytes.length).bytes(bytes);
}

/** All members dynamic, but for one with an empty name, which only a sealed member can have. */
function writeObject(writer: Writer, className: string, values: AmfObject, depth: number): void {
  const sealed = "" in values ? 1 : 0;
  writeText(writeU29(writer.u8(Marker.object), (sealed << 4) | 0b1011), className);
  if (sealed === 1) {
    writeText(writer, "");
    writeAmf3(writer, values[""], depth + 1);
  }
  writeNamed(writer, values, depth);
}

function writeNamed(writer: Writer, values: AmfObject, depth: number): void {
  for (const [key, value] of Object.entries(values)) {
    if (key === "") continue;
    writeText(writer, key);
    writeAmf3(writer, value, depth + 1);
  }
  writeText(writer, "");
}

const vectorMarkers = {
  int: Marker.vectorInt,
  uint: Marker.vectorUint,
  double: Marker.vectorDouble,
  object: Marker.vectorObject,
} as const;

function writeVector(writer: Writer, vector: AmfVector, depth: number): void {
  writeInline(writer.u8(vectorMarkers[vector.type]), vector.items.length).u8(vector.fixed ? 1 : 0);
  if (vector.type === AmfVectorType.object) {
    writeText(writer, vector.className);
    for (const item of vector.items) writeAmf3(writer, item, depth + 1);
    return;
  }
  for (const item of vector.items) {
    if (typeof item !== "number") throw new Error(`AMF3 vector of ${vector.type} holds a ${typeof item}`);
    if (vector.type === AmfVectorType.double) writer.f64(item);
    else writer.u32(item);
  }
}
