import type { AclRow } from "./acl.ts";
import { isHost } from "./acl.ts";
import { integer, leadingNumber } from "./c-number.ts";
import { codecDirectives } from "./codec-directives.ts";
import type { LineNotes, Words } from "./conf-line.ts";
import type { ConfEncoding, ConfFeed, ConfSource, ConfStream } from "./conf-model.ts";
import { EncoderOptions } from "./encoder-options.ts";
import { encodingOf } from "./encoding.ts";
import { addAclRow } from "./feed-section.ts";
import type { ConfFormat } from "./format.ts";
import { formatNamed, formatOfName } from "./format.ts";
import { lavcCodec } from "./lavc.ts";
import { applyPreset, type PresetReader } from "./preset.ts";
import type { Section } from "./section.ts";

/** Names and values of metadata. */
const maxMetadata = 100;
const defaultTtl = 16;

/** What a stream is told of the file around it. */
export interface StreamSurroundings {
  /** The feeds that are defined above it. */
  readonly feeds: readonly ConfFeed[];
  /** Whether the file says UseDefaults so far, which is so when it says nothing. */
  readonly usesDefaults: boolean;
  readonly presets: PresetReader;
}

/** `<Stream NAME>`. */
export class StreamSection implements Section {
  readonly tag = "Stream";
  readonly #name: string;
  readonly #line: number;
  readonly #surroundings: StreamSurroundings;
  readonly #encoders = { audio: new EncoderOptions("audio"), video: new EncoderOptions("video") };
  readonly #acl: AclRow[] = [];
  readonly #metadata = new Map<string, string>();
  #format: ConfFormat | undefined;
  #isStatus = false;
  #singleFrame = false;
  #feed: string | undefined;
  #path: string | undefined;
  #inputFormat: string | undefined;
  #faviconUrl: string | undefined;
  #preroll = 0;
  #startSendOnKey = false;
  #maxTime = 0;
  readonly #without = { audio: false, video: false };
  #dynamicAcl: string | undefined;
  #multicastHost: string | undefined;
  #multicastPort: number | undefined;
  #multicastTtl = defaultTtl;
  #loop = false;
  #usesDefaults: boolean;
  #saysDefaults = false;

  constructor(name: string, line: number, surroundings: StreamSurroundings) {
    this.#name = name;
    this.#line = line;
    this.#surroundings = surroundings;
    this.#usesDefaults = surroundings.usesDefaults;
    this.#format = formatOfName(name);
  }

  directive(keyword: string, words: Words, notes: LineNotes, written: string): boolean {
    const codec = codecDirectives.get(keyword);
    if (codec !== undefined) codec(this.#encoders, words, notes, written);
    else return this.#ofSource(keyword, words, notes) || this.#ofPlaying(keyword, words, notes) || this.#ofMulticast(keyword, words, notes);
    return true;
  }

  /** Where it comes from and what it is. */
  #ofSource(keyword: string, words: Words, notes: LineNotes): boolean {
    switch (keyword) {
      case "feed":
        this.#setFeed(words.next(), notes);
        return true;
      case "file":
      case "readonlyfile":
        this.#path = words.next();
        return true;
      case "format":
        this.#setFormat(words.next(), notes);
        return true;
      case "inputformat":
        this.#inputFormat = words.next();
        return true;
      case "faviconurl":
        if (this.#isStatus) this.#faviconUrl = words.next();
        else notes.error("FaviconURL only permitted for status streams");
        return true;
      case "noaudio":
        this.#without.audio = true;
        return true;
      case "novideo":
        this.#without.video = true;
        return true;
      case "avpresetaudio":
      case "avpresetvideo":
        applyPreset(this.#encoders[keyword === "avpresetaudio" ? "audio" : "video"], words.next(), this.#surroundings.presets, notes);
        return true;
      case "usedefaults":
      case "nodefaults":
        if (this.#saysDefaults) notes.warn("Multiple UseDefaults/NoDefaults entries.");
        this.#saysDefaults = true;
        this.#usesDefaults = keyword === "usedefaults";
        return true;
      default:
        return false;
    }
  }

  /** How it is played, and by whom. */
  #ofPlaying(keyword: string, words: Words, notes: LineNotes): boolean {
    switch (keyword) {
      case "metadata":
        this.#setMetadata(words.next(), words.next(), notes);
        return true;
      case "author":
      case "comment":
      case "copyright":
      case "title":
        notes.warn(`Deprecated '${keyword}' option in configuration file. Use 'Metadata ${keyword} VALUE' instead.`);
        this.#setMetadata(keyword, words.next(), notes);
        return true;
      case "preroll":
        this.#preroll = seconds("Preroll", words.next(), notes);
        return true;
      case "maxtime":
        this.#maxTime = seconds("MaxTime", words.next(), notes);
        return true;
      case "startsendonkey":
        this.#startSendOnKey = true;
        return true;
      case "acl":
        addAclRow(this.#acl, words, notes);
        return true;
      case "dynamicacl":
        this.#dynamicAcl = words.next();
        if (this.#dynamicAcl === "") notes.error("DynamicACL without a file");
        return true;
      case "noloop":
        this.#loop = false;
        return true;
      default:
        return false;
    }
  }

  #ofMulticast(keyword: string, words: Words, notes: LineNotes): boolean {
    const text = words.next();
    switch (keyword) {
      case "rtspoption":
        break;
      case "multicastaddress":
        if (!isHost(text)) notes.error(`Invalid host/IP address: '${text}'`);
        this.#multicastHost = text;
        this.#loop = true;
        break;
      case "multicastport":
        this.#multicastPort = integer(text);
        if (!isPort(this.#multicastPort)) notes.error(`Invalid MulticastPort: '${text}'`);
        break;
      case "multicastttl":
        this.#multicastTtl = integer(text) || defaultTtl;
        if (integer(text) === undefined) notes.error(`Invalid MulticastTTL: '${text}'`);
        break;
      default:
        return false;
    }
    notes.warn("RTSP and multicast are not served: this is read, and has no effect.");
    return true;
  }

  end(notes: LineNotes): ConfStream {
    const source = this.#source();
    if (source.kind === "none") notes.warn(`Stream '${this.#name}' has neither Feed nor File`);
    if (this.#format?.name === "rtp") notes.warn("RTSP and multicast are not served: this stream has no effect.");
    if (source.kind === "feed" && this.#format === undefined)
      notes.warn(`Stream '${this.#name}' has no Format, and its name does not say one`);
    return {
      name: this.#name,
      line: this.#line,
      source,
      format: this.#isStatus ? undefined : this.#format?.name,
      singleFrame: this.#singleFrame,
      encodings: source.kind === "feed" ? this.#encodings(notes) : [],
      metadata: this.#metadata,
      preroll: this.#preroll,
      startSendOnKey: this.#startSendOnKey,
      maxTime: this.#maxTime,
      acl: this.#acl,
      dynamicAcl: this.#dynamicAcl,
      bitExact: this.#encoders.video.options.get("flags")?.includes("+bitexact") === true,
      multicast:
        this.#multicastHost === undefined ? undefined : { host: this.#multicastHost, port: this.#multicastPort, ttl: this.#multicastTtl },
      loop: this.#loop,
    };
  }

  #source(): ConfSource {
    if (this.#isStatus) return { kind: "status", faviconUrl: this.#faviconUrl };
    if (this.#feed !== undefined) return { kind: "feed", feed: this.#feed };
    return this.#path === undefined ? { kind: "none" } : { kind: "file", path: this.#path, inputFormat: this.#inputFormat };
  }

  /** Audio before video. A stream that hands the feed on as it is asks for nothing. */
  #encodings(notes: LineNotes): ConfEncoding[] {
    const format = this.#format;
    if (format === undefined || format.name === "ffm") return [];
    return (["audio", "video"] as const).flatMap((kind) => {
      const encoder = this.#encoders[kind];
      const usual = format[kind];
      const codec = encoder.codec ?? (usual && lavcCodec(usual));
      return this.#without[kind] || codec === undefined ? [] : [encodingOf(encoder, codec, this.#usesDefaults, notes)];
    });
  }

  #setFeed(name: string, notes: LineNotes): void {
    if (this.#surroundings.feeds.some((feed) => feed.name === name)) this.#feed = name;
    else notes.error(`Feed with name '${name}' for stream '${this.#name}' is not defined`);
  }

  #setFormat(name: string, notes: LineNotes): void {
    this.#isStatus = name === "status";
    this.#singleFrame = name === "jpeg";
    this.#format = this.#isStatus ? undefined : formatNamed(this.#singleFrame ? "singlejpeg" : name);
    if (!this.#isStatus && this.#format === undefined) notes.error(`Unknown Format: '${name}'`);
  }

  #setMetadata(key: string, value: string, notes: LineNotes): void {
    if (key === "") notes.error("Metadata without a name");
    else if (this.#metadata.size >= maxMetadata && !this.#metadata.has(key)) notes.error(`more than ${maxMetadata} entries of Metadata`);
    else this.#metadata.set(key, value);
  }
}

function isPort(value: number | undefined): boolean {
  return value !== undefined && value >= 1 && value <= 65_535;
}

/** A number of seconds; ffserver took what was none for 0. */
function seconds(keyword: string, text: string, notes: LineNotes): number {
  const number = leadingNumber(text);
  if (number === undefined || number.rest !== "" || number.value < 0) notes.warn(`${keyword} '${text}' is no number of seconds`);
  return Math.max(0, number?.value ?? 0);
}
