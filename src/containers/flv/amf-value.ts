import { ProtocolError } from "../../bytes/protocol-error.ts";

/** Arrays and objects inside one another, at most. Real messages use four or five. */
export const MAX_AMF_DEPTH = 32;
/** Values of one message, each use of a reference counted with all that hangs on it. */
export const MAX_AMF_VALUES = 100_000;
/** Bytes of text and of byte arrays in one message, counted likewise: what a message could grow to without references. */
export const MAX_AMF_BYTES = 16 * 1024 * 1024;
/** Bytes of one string, XML document or byte array. */
export const MAX_AMF_STRING = 4 * 1024 * 1024;
/**
 * Bytes of a property or class name. Even where each byte is malformed and becomes U+FFFD (three bytes), it still
 * fits the 16-bit length it is written with.
 */
export const MAX_AMF_KEY = 16 * 1024;

/** Properties by name. Has no prototype when it comes from the wire, so that `__proto__` is a name like any other. */
export interface AmfObject {
  [key: string]: AmfValue;
}

/** An array with names instead of positions; onMetaData is one. Its own class, so that it is written back as one. */
export class AmfEcmaArray {
  readonly values: AmfObject;
  constructor(values: AmfObject) {
    this.values = values;
  }
}

/** An object with a class name. AMF3 does not tell sealed members from dynamic ones here; all are written as dynamic. */
export class AmfTypedObject {
  readonly className: string;
  readonly values: AmfObject;
  constructor(className: string, values: AmfObject) {
    this.className = className;
    this.values = values;
  }
}

/** XML as text. AMF3 knows two kinds (XMLDocument and XML); both are read, and written as XML. */
export class AmfXml {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Which items an AMF3 vector holds. */
export const AmfVectorType = { int: "int", uint: "uint", double: "double", object: "object" } as const;
export type AmfVectorType = (typeof AmfVectorType)[keyof typeof AmfVectorType];

/** An AMF3 vector. */
export class AmfVector {
  readonly type: AmfVectorType;
  /** Its length cannot change. */
  readonly fixed: boolean;
  /** Class of the items of an object vector, else "". */
  readonly className: string;
  readonly items: AmfValue[];
  constructor(type: AmfVectorType, fixed: boolean, className: string, items: AmfValue[]) {
    this.type = type;
    this.fixed = fixed;
    this.className = className;
    this.items = items;
  }
}

/** An AMF3 dictionary: any value may be a key. */
export class AmfDictionary {
  readonly weakKeys: boolean;
  readonly entries: [AmfValue, AmfValue][];
  constructor(weakKeys: boolean, entries: [AmfValue, AmfValue][]) {
    this.weakKeys = weakKeys;
    this.entries = entries;
  }
}

/** Anything AMF0 or AMF3 can say. Arrays are the strict (AMF0) or dense (AMF3) ones. */
export type AmfValue =
  | undefined
  | null
  | boolean
  | number
  | string
  | Date
  | Uint8Array
  | AmfValue[]
  | AmfObject
  | AmfEcmaArray
  | AmfTypedObject
  | AmfXml
  | AmfVector
  | AmfDictionary;

/** An object without a prototype, with the given properties. */
export function amfObject(properties: Readonly<Record<string, AmfValue>> = {}): AmfObject {
  return Object.assign(Object.create(null) as AmfObject, properties);
}

/** The properties of whatever has properties: publishers use objects, ECMA arrays and typed objects as they please. */
export function amfProperties(value: AmfValue): AmfObject | undefined {
  if (value instanceof AmfEcmaArray || value instanceof AmfTypedObject) return value.values;
  return isAmfObject(value) ? value : undefined;
}

/** True for a plain object, as opposed to every other value. */
export function isAmfObject(value: AmfValue): value is AmfObject {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Date) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof AmfEcmaArray) &&
    !(value instanceof AmfTypedObject) &&
    !(value instanceof AmfXml) &&
    !(value instanceof AmfVector) &&
    !(value instanceof AmfDictionary)
  );
}

/** A value that a later reference may name, and what it costs to name it. */
export interface AmfReferable {
  readonly value: AmfValue;
  /** Undefined while its own members are still being read. */
  cost: { readonly values: number; readonly bytes: number; readonly height: number } | undefined;
}

/**
 * What one message may still spend. References are paid for like the values they stand for, and a reference to a
 * value that is not complete (to itself, that is) is refused: so what a decoder returns is always a finite tree,
 * and whoever walks or writes it does bounded work.
 */
export class AmfBudget {
  #values = 0;
  #bytes = 0;
  #depth = 0;
  /** Greatest depth since the innermost open array or object began. */
  #deepest = 0;

  spend(values: number, bytes: number): void {
    this.#values += values;
    this.#bytes += bytes;
    if (this.#values > MAX_AMF_VALUES) throw new ProtocolError("limit", `more than ${MAX_AMF_VALUES} AMF values in one message`);
    if (this.#bytes > MAX_AMF_BYTES) throw new ProtocolError("limit", `more than ${MAX_AMF_BYTES} bytes of AMF text in one message`);
  }

  /** Pays for a string or byte array, before it is read. */
  spendText(bytes: number, limit: number): void {
    if (bytes > limit) throw new ProtocolError("limit", `AMF text of ${bytes} bytes, ${limit} allowed`);
    this.spend(0, bytes);
  }

  /** Reads the members of an array or object with `members`, one level deeper, and lists it in `table`. */
  nested<T extends AmfValue>(table: AmfReferable[], value: T, members: () => void): T {
    if (this.#depth === MAX_AMF_DEPTH) throw new ProtocolError("limit", `AMF nested deeper than ${MAX_AMF_DEPTH}`);
    const entry: AmfReferable = { value, cost: undefined };
    table.push(entry);
    const [values, bytes, deepest] = [this.#values, this.#bytes, this.#deepest];
    this.#depth += 1;
    this.#deepest = this.#depth;
    members();
    const height = this.#deepest - this.#depth + 1;
    this.#depth -= 1;
    this.#deepest = Math.max(deepest, this.#deepest);
    entry.cost = { values: this.#values - values, bytes: this.#bytes - bytes, height };
    return value;
  }

  /** The value a reference names, paid for. */
  reuse(table: readonly AmfReferable[], index: number): AmfValue {
    const entry = table[index];
    if (entry === undefined) throw new ProtocolError("malformed", `AMF reference ${index} of ${table.length}`);
    if (entry.cost === undefined) throw new ProtocolError("unsupported", "AMF value that contains itself");
    const { values, bytes, height } = entry.cost;
    if (this.#depth + height > MAX_AMF_DEPTH) throw new ProtocolError("limit", `AMF nested deeper than ${MAX_AMF_DEPTH}`);
    this.#deepest = Math.max(this.#deepest, this.#depth + height);
    this.spend(values, bytes);
    return entry.value;
  }
}
