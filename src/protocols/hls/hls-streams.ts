import type { IncomingMessage, ServerResponse } from "node:http";
import type { Access } from "../../hub/access.ts";
import type { Hub } from "../../hub/hub.ts";
import { Refusal } from "../../hub/refusal.ts";
import type { Rendition } from "../../hub/segmented-output.ts";
import type { Stream } from "../../hub/stream.ts";
import { type DeliveryDirectives, deliveryDirectives } from "./delivery-directives.ts";
import { PlaylistSender, sendMedia } from "./hls-answer.ts";
import { HlsMistake } from "./hls-mistake.ts";
import type { HlsOutput } from "./hls-output.ts";
import { HlsOutputs, type HlsOutputsOptions } from "./hls-outputs.ts";
import { type HlsPath, type HlsResource, playlistUri } from "./hls-path.ts";
import { multivariantPlaylist } from "./multivariant-playlist.ts";
import { isThere, lastPart } from "./progress.ts";
import { carriedIn, describeVariants, formatOf, HlsFormat } from "./renditions.ts";
import { carriedQuery } from "./carried-query.ts";
import { type PlayerIdentity, type Session, Sessions } from "./sessions.ts";

/** What somebody asks for. */
export interface HlsRequest extends PlayerIdentity {
  /** The stream's name as it was asked for. */
  readonly asked: string;
  /** Of the URL, as it was sent. */
  readonly query: string;
  readonly resource: HlsPath["resource"];
}

export interface HlsStreamsOptions extends HlsOutputsOptions {
  readonly hub: Hub;
  /** Decides who may watch. */
  readonly access: Access;
  /** Milliseconds to wait for a publisher. */
  readonly waitForPublisher: number;
  /** Takes a seat for a viewer and returns what gives it back. @throws {Refusal} `full` */
  readonly admit: () => () => void;
  /** Requests that may wait for their answer at one time. */
  readonly maxWaiting: number;
  /** What players get that do not ask for one. */
  readonly format: HlsFormat;
}

/** One request on its way. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly wanted: HlsRequest;
  /** Headers that every such response has. */
  readonly shared: Readonly<Record<string, string>>;
}

type Media = Extract<HlsResource, { run: number }>;

/** Target durations that a request waits at most for what is not there yet: RFC 8216bis 6.2.5.2. */
const LONGEST_WAIT = 3;
/** Seconds of a target duration before it is known. */
const ASSUMED_TARGET = 4;
/** Segments that may be asked for ahead of the newest. */
const AHEAD = 2;

/** Streams as HLS. An egress whose viewers ask for one piece after the other. */
export class HlsStreams {
  readonly #options: HlsStreamsOptions;
  readonly #sessions: Sessions;
  readonly #outputs: HlsOutputs;
  readonly #playlists = new PlaylistSender();
  #waiting = 0;

  constructor(options: HlsStreamsOptions) {
    this.#options = options;
    this.#sessions = new Sessions(options);
    this.#outputs = new HlsOutputs(options, (now) => {
      this.#sessions.sweep(now);
      return this.#sessions.size > 0;
    });
  }

  /** Players that ask now. */
  get viewers(): number {
    return this.#sessions.size;
  }

  /** Answers all who wait that it is over. */
  close(): void {
    this.#outputs.close();
    this.#sessions.close();
  }

  /**
   * Answers a GET or HEAD. Resolves when it is answered, waits for what comes, or its peer has gone.
   *
   * @throws {Refusal} and HlsMistake before anything was sent
   */
  async serve(
    request: IncomingMessage,
    response: ServerResponse,
    wanted: HlsRequest,
    shared: Readonly<Record<string, string>>,
  ): Promise<void> {
    const exchange = { request, response, wanted, shared };
    const { asked, resource } = wanted;
    this.#outputs.sweepLater();
    const session = this.#sessions.of(wanted);
    const name = session.name ?? (await session.granted);
    if (response.destroyed) return;
    try {
      if (resource.kind === "multivariant") return await this.#multivariant(exchange, session, name, resource.prefix);
      const output = this.#outputs.find(name, resource);
      const rendition = output?.rendition(resource.rendition);
      if (output === undefined || rendition === undefined) throw gone();
      this.#touch(output, session);
      if (resource.kind === "playlist") return await this.#playlist(exchange, output, rendition);
      return await this.#media(exchange, output, rendition, resource);
    } catch (error) {
      throw error instanceof Refusal ? error.askedAs(asked, name) : error;
    }
  }

  async #multivariant(exchange: Exchange, session: Session, name: string, prefix: string): Promise<void> {
    const { request, response, wanted, shared } = exchange;
    const format = formatAsked(new URLSearchParams(wanted.query)) ?? this.#options.format;
    const stream = await this.#watch(exchange, name);
    if (stream === undefined) return;
    const output = this.#outputs.of(stream, (generation) => carriedIn(format, generation));
    this.#touch(output, session);
    const carried = carriedQuery(wanted.query);
    const { epoch } = output.segmented;
    const uriOf = (rendition: string): string => playlistUri(prefix, { id: stream.id, epoch, rendition }) + carried;
    const text = multivariantPlaylist(describeVariants(output.carried, stream.segmentation!, uriOf));
    this.#playlists.send(request, response, text, 1, shared);
  }

  /** The stream, once it is there; undefined if who asks has left. */
  async #watch({ request, response }: Exchange, name: string): Promise<Stream | undefined> {
    const { hub, waitForPublisher } = this.#options;
    const abort = new AbortController();
    const left = (): void => abort.abort();
    response.once("close", left);
    try {
      return await hub.watch(name, request.method === "HEAD" ? 0 : waitForPublisher, abort.signal);
    } catch (error) {
      if (abort.signal.aborted) return undefined;
      throw error;
    } finally {
      response.off("close", left);
    }
  }

  async #playlist(exchange: Exchange, output: HlsOutput, rendition: Rendition): Promise<void> {
    const { request, response, wanted, shared } = exchange;
    const directives = deliveryDirectives(new URLSearchParams(wanted.query));
    if (typeof directives === "string") throw new HlsMistake("bad-query", directives);
    const { segmented } = output;
    const isReady = (): boolean => segmented.over || isPlaylistReady(output, rendition, directives);
    refuseFarAhead(rendition, directives);
    await this.#until(exchange, output, rendition, isReady, () => {
      if (segmented.terms === undefined) throw gone();
      const text = output.playlist(rendition, directives.skip, carriedQuery(wanted.query));
      const { target } = segmented.terms;
      const maxAge = directives.segment === undefined ? Math.max(1, Math.floor(target / 2)) : target;
      this.#playlists.send(request, response, text, maxAge, shared);
    });
  }

  async #media(exchange: Exchange, output: HlsOutput, rendition: Rendition, resource: Media): Promise<void> {
    const { request, response, shared } = exchange;
    const { kind, run, number } = resource;
    if (run !== output.run) throw gone();
    const { segments } = rendition;
    // The part that playlists name as the next, and no other.
    const isAwaited = kind === "part" && rendition.partTarget !== undefined && number === segments.nextPart && !output.segmented.over;
    const isReady = (): boolean => !isAwaited || segments.nextPart > number || output.segmented.over;
    await this.#until(exchange, output, rendition, isReady, () => {
      const pieces = piecesOf(rendition, kind, number);
      if (pieces === undefined) throw gone();
      const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
      const etag = `"${output.stream.id}.${run}.${rendition.name}.${kind[0]}${number}"`;
      sendMedia(request, response, { pieces, length, type: mediaType(output, rendition.name), etag }, shared);
    });
  }

  /** Answers as soon as it can be. Rejects with what is to be told instead. */
  #until(
    { response, request }: Exchange,
    output: HlsOutput,
    rendition: Rendition,
    isReady: () => boolean,
    answer: () => void,
  ): Promise<void> {
    if (isReady()) {
      answer();
      return Promise.resolve();
    }
    if (this.#waiting >= this.#options.maxWaiting) throw new Refusal("full", "Too many players wait for their next piece of a stream.");
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const within = LONGEST_WAIT * 1000 * (output.segmented.terms?.target ?? ASSUMED_TARGET);
    const { socket } = request;
    const { timeout = 0 } = socket;
    // Nothing moves on the connection for as long as it may wait.
    const isTooShort = timeout > 0 && timeout < within * 2;
    if (isTooShort) socket.setTimeout(0);
    const ended = (): void => {
      this.#waiting -= 1;
      if (isTooShort) socket.setTimeout(timeout);
      response.off("close", left);
    };
    const left = (): void => {
      cancel();
      ended();
      resolve();
    };
    const done = (outcome: "ready" | "timeout" | "closing"): void => {
      ended();
      if (outcome === "closing") return reject(new Refusal("closing", "This server is closing."));
      if (outcome === "timeout") return reject(new HlsMistake("too-late", "What comes next in this stream has not come."));
      try {
        answer();
        resolve();
      } catch (error) {
        reject(error);
      }
    };
    this.#waiting += 1;
    response.once("close", left);
    const cancel = output.wait(rendition, within, { isReady, done });
    return promise;
  }

  #touch(output: HlsOutput, session: Session): void {
    output.lastAsked = this.#options.hub.scheduler.now();
    session.watches(output.stream, this.#outputs.patience(output));
  }
}

function formatAsked(query: URLSearchParams): HlsFormat | undefined {
  const format = query.get("format");
  if (format !== null && format !== "ts" && format !== "fmp4") throw new HlsMistake("bad-query", "?format= takes ts or fmp4.");
  if (format === "ts") return HlsFormat.ts;
  if (query.get("mux") === "1") return HlsFormat.mux;
  return format === "fmp4" ? HlsFormat.demuxed : undefined;
}

/** Without directives players want a segment that they can play. */
function isPlaylistReady({ segmented }: HlsOutput, { segments }: Rendition, { segment, part }: DeliveryDirectives): boolean {
  if (segmented.terms === undefined) return false;
  if (segment !== undefined) return isThere(segments, segment, part);
  const { newest } = segments;
  return newest !== undefined && (newest.duration !== undefined || segments.segment(newest.number - 1) !== undefined);
}

/** RFC 8216bis 6.2.5.2: nobody waits for what is far ahead. */
function refuseFarAhead({ segments, partTarget }: Rendition, { segment, part = 0 }: DeliveryDirectives): void {
  const { newest } = segments;
  if (segment === undefined || newest === undefined) return;
  const limit = partTarget !== undefined && partTarget < 1 ? Math.ceil(3 / partTarget) : 3;
  const last = lastPart(segments);
  const beyond = last !== undefined && segment >= last.segment.number ? part - (segment === last.segment.number ? last.part : 0) : 0;
  if (segment > newest.number + AHEAD || beyond > limit)
    throw new HlsMistake("bad-query", "_HLS_msn or _HLS_part is too far ahead of this stream.");
}

function piecesOf({ segments }: Rendition, kind: Media["kind"], number: number): readonly Uint8Array[] | undefined {
  switch (kind) {
    case "segment": {
      const segment = segments.segment(number);
      return segment?.duration === undefined || segment.parts.length === 0 ? undefined : segment.parts.map(({ bytes }) => bytes);
    }
    case "part": {
      const part = segments.part(number);
      return part && [part.bytes];
    }
    case "init": {
      const init = segments.init(number);
      return init && [init.bytes];
    }
  }
}

function mediaType({ carried }: HlsOutput, rendition: string): string {
  if (formatOf(rendition) === HlsFormat.ts) return "video/mp2t";
  const isSound = rendition.startsWith("a") || carried.video.length === 0;
  return isSound ? "audio/mp4" : "video/mp4";
}

function gone(): HlsMistake {
  return new HlsMistake("not-found", "This piece of the stream is not there, or not there any more.");
}
