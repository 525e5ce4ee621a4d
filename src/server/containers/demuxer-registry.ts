import { joined } from "../../bytes/joined.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { Demuxer, FrameSink } from "../../media/demuxer.ts";
import { type DemuxerFormat, flvDemuxerFormat, matroskaDemuxerFormat, mp4DemuxerFormat } from "./demuxer-format.ts";
import { isFormatName, isFormatWord, shown } from "./format-names.ts";

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
    return new DetectingDemuxer(
      [...this.#formats.values()].filter((format) => format.sniff !== undefined),
      sink,
    );
  }
}

const ownFormats: readonly DemuxerFormat[] = [flvDemuxerFormat, mp4DemuxerFormat, matroskaDemuxerFormat];

/** Keeps what comes until one of the formats says that it is its own. */
class DetectingDemuxer implements Demuxer {
  readonly #sink: FrameSink;
  #candidates: readonly DemuxerFormat[];
  #head: Uint8Array = new Uint8Array(0);
  #found: Demuxer | undefined;

  constructor(formats: readonly DemuxerFormat[], sink: FrameSink) {
    this.#candidates = formats;
    this.#sink = sink;
  }

  push(piece: Uint8Array): void {
    if (this.#found !== undefined) return this.#found.push(piece);
    this.#head = joined([this.#head, piece]);
    const format = this.#look(this.#head.length >= sniffLength);
    if (format === undefined) return;
    this.#found = format.demuxer(this.#sink);
    const head = this.#head;
    this.#head = new Uint8Array(0);
    this.#found.push(head);
  }

  end(): void {
    if (this.#found !== undefined) return this.#found.end();
    throw new ProtocolError("truncated", "the input ended before it was known what it is");
  }

  /** @throws ProtocolError where it is none of the formats */
  #look(isLast: boolean): DemuxerFormat | undefined {
    const head = this.#head.subarray(0, sniffLength);
    const open: DemuxerFormat[] = [];
    for (const format of this.#candidates) {
      const answer = format.sniff!(head);
      if (answer === true) return format;
      if (answer === undefined) open.push(format);
    }
    this.#candidates = open;
    if (open.length === 0 || isLast) throw new ProtocolError("unsupported", "the input is of no format that is known here");
    return undefined;
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
