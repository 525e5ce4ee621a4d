import { joined } from "../../bytes/joined.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { Demuxer, FrameSink } from "../../media/demuxer.ts";
import { adtsDemuxerFormat, mp3DemuxerFormat } from "./audio-formats.ts";
import {
  type DemuxerFormat,
  ffmDemuxerFormat,
  flvDemuxerFormat,
  matroskaDemuxerFormat,
  mp4DemuxerFormat,
  tsDemuxerFormat,
} from "./demuxer-format.ts";
import { isFormatName, isFormatWord, shown, titleOf } from "./format-names.ts";

/** Bytes of an input that are looked at to find out what it is. */
const sniffLength = 4096;

/** The containers that can be published to one server: by these entries and in no other way. */
export class DemuxerRegistry {
  readonly #formats = new Map<string, DemuxerFormat>();

  /** Names of ours that nobody has put anything in place of. */
  readonly #replaceable = new Set<string>();

  /** @param formats ours, which others of the same name may take the place of */
  constructor(formats: readonly DemuxerFormat[] = ownFormats) {
    for (const format of formats) this.add(format);
    for (const { name } of formats) this.#replaceable.add(name);
  }

  get names(): string[] {
    return [...this.#formats.keys()];
  }

  get(name: string): DemuxerFormat | undefined {
    return this.#formats.get(name);
  }

  /** One with the name of ours takes its place. @throws {TypeError} for what is no format, or has a name, extension or media type of another */
  add(format: DemuxerFormat): void {
    checkFormat(format);
    if (this.#formats.has(format.name) && !this.#replaceable.has(format.name))
      throw new TypeError(`there is a demuxer "${format.name}" already`);
    for (const list of ["extensions", "mimeTypes"] as const) {
      for (const value of format[list] ?? []) {
        const owner = [...this.#formats.values()].find((other) => other.name !== format.name && other[list]?.includes(value));
        if (owner !== undefined) throw new TypeError(`demuxer "${format.name}": ${value} belongs to "${owner.name}"`);
      }
    }
    this.#replaceable.delete(format.name);
    this.#formats.set(format.name, format);
  }

  /** @throws {TypeError} for a format that is not known */
  check(name: string | undefined): void {
    if (name === undefined || this.#formats.has(name)) return;
    throw new TypeError(`format is one of ${this.names.join(", ")}`);
  }

  /**
   * A demuxer for one input.
   *
   * @param name of its format; if not given, its beginning tells
   * @throws {TypeError} for a format that is not known
   */
  open(name: string | undefined, sink: FrameSink): Demuxer {
    this.check(name);
    if (name !== undefined) return this.#formats.get(name)!.demuxer(sink);
    return new DetectingDemuxer(this.#sniffing, sink);
  }

  /** The format that a path ends in, and the path without that end. */
  ofPath(path: string): { readonly format: DemuxerFormat; readonly stem: string } | undefined {
    const dot = path.lastIndexOf(".");
    const extension = path.slice(dot + 1).toLowerCase();
    const format = dot < 0 ? undefined : this.#all.find(({ extensions }) => extensions?.includes(extension));
    return format && { format, stem: path.slice(0, dot) };
  }

  /** The format that a media type means, in whatever case and with whatever parameters. */
  ofMimeType(type: string): DemuxerFormat | undefined {
    const bare = type.split(";", 1)[0]!.trim().toLowerCase();
    return this.#all.find(({ mimeTypes }) => mimeTypes?.includes(bare));
  }

  /** Reads input of which somebody says what it is, and finds out where its first bytes plainly are something else. */
  declared(format: DemuxerFormat, sink: FrameSink): Demuxer {
    return format.sniff === undefined ? format.demuxer(sink) : new DetectingDemuxer(this.#sniffing, sink, format);
  }

  /** Reads input of a media type, or finds out what it is, with a format of the caller's in the place of the one of its name. */
  openWith(own: DemuxerFormat, type: string, sink: FrameSink): Demuxer {
    const declared = this.ofMimeType(type);
    if (declared !== undefined && declared.name !== own.name) return this.declared(declared, sink);
    const formats = this.#sniffing.map((format) => (format.name === own.name ? own : format));
    return new DetectingDemuxer(formats, sink, declared && own);
  }

  get #all(): readonly DemuxerFormat[] {
    return [...this.#formats.values()];
  }

  get #sniffing(): readonly DemuxerFormat[] {
    return this.#all.filter((format) => format.sniff !== undefined);
  }
}

const ownFormats: readonly DemuxerFormat[] = [
  flvDemuxerFormat,
  mp4DemuxerFormat,
  matroskaDemuxerFormat,
  tsDemuxerFormat,
  adtsDemuxerFormat,
  mp3DemuxerFormat,
  ffmDemuxerFormat,
];

/** Keeps what comes until one of the formats says that it is its own. */
class DetectingDemuxer implements Demuxer {
  readonly #sink: FrameSink;
  readonly #formats: readonly DemuxerFormat[];
  readonly #declared: DemuxerFormat | undefined;
  #head: Uint8Array = new Uint8Array(0);
  #found: Demuxer | undefined;

  /** @param declared what it is said to be */
  constructor(formats: readonly DemuxerFormat[], sink: FrameSink, declared?: DemuxerFormat) {
    this.#formats = formats;
    this.#sink = sink;
    this.#declared = declared;
  }

  get position(): number | undefined {
    return this.#found === undefined ? 0 : this.#found.position;
  }

  push(piece: Uint8Array): void {
    if (this.#found !== undefined) return this.#found.push(piece);
    this.#head = joined([this.#head, piece]);
    const format = this.#look(this.#head.subarray(0, sniffLength));
    if (format === undefined) return;
    this.#found = format.demuxer(this.#sink);
    const head = this.#head;
    this.#head = new Uint8Array(0);
    this.#found.push(head);
  }

  end(): void {
    if (this.#found !== undefined) return this.#found.end();
    if (this.#head.length === 0) throw new ProtocolError("truncated", "the input is empty");
    throw new ProtocolError("truncated", "the input ended before it was known what it is");
  }

  /** @throws ProtocolError where it is none of the formats, or not the one that it is said to be */
  #look(head: Uint8Array): DemuxerFormat | undefined {
    const declared = this.#declared;
    const isLast = head.length === sniffLength;
    const answer = declared?.sniff?.(head);
    if (answer === true || (answer === undefined && isLast && declared !== undefined)) return declared;
    const answers = this.#formats.map((format) => [format, format.sniff!(head)] as const);
    const found = answers.find(([, isIt]) => isIt === true)?.[0];
    if (declared === undefined && found !== undefined) return found;
    if (found !== undefined && answer === false)
      throw new ProtocolError("unsupported", `the input is ${titleOf(found)}, not ${titleOf(declared!)}`);
    if (!isLast && answers.some(([, isIt]) => isIt === undefined)) return undefined;
    if (declared !== undefined) throw new ProtocolError("malformed", `the input does not begin as ${titleOf(declared)} does`);
    const known = new Intl.ListFormat("en").format(this.#formats.map(titleOf));
    throw new ProtocolError("unsupported", `the input is of no format that is known here: those are ${known}`);
  }
}

function checkFormat(format: DemuxerFormat): void {
  const { name, extensions = [], mimeTypes = [] } = format;
  if (!isFormatName(name)) throw new TypeError(`a demuxer's name is lower-case letters and digits with dashes between, not ${shown(name)}`);
  for (const extension of extensions) {
    if (!isFormatWord(extension)) {
      throw new TypeError(`demuxer "${name}": an extension is lower-case letters and digits without a dot, not ${shown(extension)}`);
    }
  }
  for (const type of mimeTypes) {
    if (!/^[a-z\d.+-]+\/[a-z\d.+-]+$/.test(type)) throw new TypeError(`demuxer "${name}": ${shown(type)} is no media type`);
  }
  if (typeof format.demuxer !== "function") throw new TypeError(`demuxer "${name}": it needs a function demuxer`);
}
