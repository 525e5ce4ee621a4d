import { MAX_STREAMS } from "../../containers/ffm/header.ts";
import { isHost } from "./acl.ts";
import { integer } from "./c-number.ts";
import { type ConfLine, confLines, ConfNotes } from "./conf-line.ts";
import type { ConfFeed, ConfListen, ConfRedirect, ConfStream, FfserverConf } from "./conf-model.ts";
import { FeedSection } from "./feed-section.ts";
import { feedLayout } from "./feed-streams.ts";
import type { PresetReader } from "./preset.ts";
import { RedirectSection } from "./redirect-section.ts";
import { StreamSection } from "./stream-section.ts";

/** Feeds, streams and redirects of one file. */
const maxSections = 2000;

/** What came of reading an ffserver.conf. */
export interface ParsedConf {
  /** What it says; not to be used where there are errors. */
  readonly conf: FfserverConf;
  readonly notes: ConfNotes;
}

export interface ParseConfOptions {
  /** Finds presets; by default there are none. */
  readonly presets?: PresetReader;
}

/**
 * Reads the text of an ffserver.conf, as FFmpeg up to 3.4 did: the same words, the same order of things, and its mistakes in its words.
 *
 * @param file name of it in messages
 */
export function parseFfserverConf(text: string, file: string, { presets = () => undefined }: ParseConfOptions = {}): ParsedConf {
  const parser = new ConfParser(new ConfNotes(file), presets);
  for (const line of confLines(text, parser.notes)) parser.line(line);
  return { conf: parser.end(), notes: parser.notes };
}

class ConfParser {
  readonly notes: ConfNotes;
  readonly #presets: PresetReader;
  readonly #feeds: ConfFeed[] = [];
  readonly #streams: ConfStream[] = [];
  readonly #redirects: ConfRedirect[] = [];
  #open: FeedSection | StreamSection | RedirectSection | undefined;
  readonly #http: { -readonly [key in keyof ConfListen]: ConfListen[key] } = { port: undefined, host: "0.0.0.0" };
  readonly #rtsp: { -readonly [key in keyof ConfListen]: ConfListen[key] } = { port: undefined, host: "0.0.0.0" };
  readonly #limits = { maxHttpConnections: 2000, maxClients: 5, maxBandwidth: 1000 };
  #customLog: string | undefined;
  #usesDefaults = true;

  constructor(notes: ConfNotes, presets: PresetReader) {
    this.notes = notes;
    this.#presets = presets;
  }

  line(line: ConfLine): void {
    const keyword = line.keyword.toLowerCase();
    if (keyword === "<feed" || keyword === "<stream" || keyword === "<redirect") return this.#begin(keyword.slice(1), line);
    const open = this.#open;
    if (open === undefined) return this.#global(keyword, line);
    if (keyword === `</${open.tag.toLowerCase()}>`) return this.#close(open, line);
    if (!open.directive(keyword, line.words, line.notes, line.keyword)) {
      line.notes.error(`Invalid entry '${line.keyword}' inside <${open.tag}></${open.tag}>`);
    }
  }

  end(): FfserverConf {
    if (this.#open !== undefined) this.notes.at(undefined).error(`Missing closing </${this.#open.tag}> tag`);
    for (const { name, line } of this.#feeds) {
      const { length } = feedLayout(name, this.#streams).encodings;
      if (length > MAX_STREAMS)
        this.notes.at(line).error(`Feed '${name}' needs ${length} encodings, where FFM has room for ${MAX_STREAMS}`);
    }
    if (this.#http.port === undefined) this.notes.at(undefined).warn("there is no HTTPPort: nothing is served");
    return {
      http: this.#http,
      rtsp: this.#rtsp,
      ...this.#limits,
      customLog: this.#customLog,
      feeds: this.#feeds,
      streams: this.#streams,
      redirects: this.#redirects,
    };
  }

  #begin(tag: string, { words, notes, number }: ConfLine): void {
    if (this.#open !== undefined) return notes.error("Already in a tag");
    const word = words.next();
    const end = word.lastIndexOf(">");
    const name = end < 0 ? word : word.slice(0, end);
    const isKnown = [...this.#feeds, ...this.#streams].some((each) => each.name === name);
    if (name === "") notes.error(`a <${tag}> without a name`);
    if (this.#feeds.length + this.#streams.length + this.#redirects.length >= maxSections) notes.error(`more than ${maxSections} sections`);
    if (tag === "feed") {
      if (isKnown) notes.error(`Feed '${name}' already registered`);
      this.#open = new FeedSection(name, number);
    } else if (tag === "stream") {
      if (isKnown) notes.error(`Stream '${name}' already registered`);
      this.#open = new StreamSection(name, number, { feeds: this.#feeds, usesDefaults: this.#usesDefaults, presets: this.#presets });
    } else this.#open = new RedirectSection(name, number);
  }

  #close(open: FeedSection | StreamSection | RedirectSection, { notes }: ConfLine): void {
    this.#open = undefined;
    if (open instanceof FeedSection) this.#feeds.push(open.end());
    else if (open instanceof StreamSection) this.#streams.push(open.end(notes));
    else this.#redirects.push(open.end(notes));
  }

  #global(keyword: string, { keyword: written, words, notes }: ConfLine): void {
    switch (keyword) {
      case "port":
      case "httpport":
        if (keyword === "port") notes.warn("Port option is deprecated. Use HTTPPort instead.");
        this.#http.port = this.#port(words.next(), notes) ?? this.#http.port;
        return;
      case "bindaddress":
      case "httpbindaddress":
        if (keyword === "bindaddress") notes.warn("BindAddress option is deprecated. Use HTTPBindAddress instead.");
        this.#http.host = host(words.next(), notes);
        return;
      case "rtspport":
        this.#rtsp.port = this.#port(words.next(), notes);
        notes.warn("RTSP is not served: this is read, and has no effect.");
        return;
      case "rtspbindaddress":
        this.#rtsp.host = host(words.next(), notes);
        return;
      case "maxhttpconnections":
      case "maxclients":
        return this.#connections(keyword === "maxclients" ? "maxClients" : "maxHttpConnections", written, words.next(), notes);
      case "maxbandwidth":
        return this.#bandwidth(words.next(), notes);
      case "customlog":
        this.#customLog = words.next();
        if (this.#customLog === "") notes.error("CustomLog without a file");
        return;
      case "nodaemon":
        return notes.warn("NoDaemon option has no effect. You should remove it.");
      case "loadmodule":
        return notes.error("Loadable modules are no longer supported");
      case "usedefaults":
      case "nodefaults":
        this.#usesDefaults = keyword === "usedefaults";
        return;
      default:
        return notes.error(`Incorrect keyword: '${written}'`);
    }
  }

  #port(text: string, notes: ConfLine["notes"]): number | undefined {
    const port = integer(text);
    if (port === undefined || port < 1 || port > 65_535) {
      notes.error(`Invalid port: ${text}`);
      return undefined;
    }
    if (port < 1024) notes.warn(`Trying to use IETF assigned system port: '${port}'`);
    return port;
  }

  #connections(limit: "maxClients" | "maxHttpConnections", written: string, text: string, notes: ConfLine["notes"]): void {
    const count = integer(text);
    if (count === undefined || count < 1 || count > 65_535) return notes.error(`Invalid ${written}: '${text}'`);
    this.#limits[limit] = count;
    const { maxClients, maxHttpConnections } = this.#limits;
    if (maxClients > maxHttpConnections)
      notes.error(`Inconsistent configuration: MaxClients(${maxClients}) > MaxHTTPConnections(${maxHttpConnections})`);
  }

  #bandwidth(text: string, notes: ConfLine["notes"]): void {
    const value = /^[+-]?\d{1,15}$/.test(text) ? Number(text) : 0;
    if (value < 10 || value > 10_000_000) notes.error(`Invalid MaxBandwidth: '${text}'`);
    else this.#limits.maxBandwidth = value;
  }
}

function host(text: string, notes: ConfLine["notes"]): string {
  if (!isHost(text)) notes.error(`Invalid host/IP address: '${text}'`);
  return text;
}
