import type { IncomingMessage } from "node:http";
import type { Hub } from "../../hub/hub.ts";
import { Refusal } from "../../hub/refusal.ts";
import type { ReplayOptions } from "../../hub/replay-place.ts";
import type { FrameSink } from "../../media/demuxer.ts";
import type { HttpStreamRequest, HttpStreams } from "../../protocols/http-stream/http-streams.ts";
import type { ContainerFormat } from "../containers/container-format.ts";
import type { ContainerRegistry } from "../containers/container-registry.ts";
import { containerFor, wantedKinds } from "../containers/container-variant.ts";
import type { DemuxerRegistry } from "../containers/demuxer-registry.ts";
import { HttpProblem } from "../http/http-problem.ts";
import { mediaHeaders } from "../http/media-headers.ts";
import { replayOf } from "../http/replay-query.ts";
import { viewerQuestion } from "../http/viewer-question.ts";
import type { TranscodeFormat } from "../transcode/formats.ts";
import { madeContainer, madeFormat } from "../transcode/made-media.ts";
import { piecesContainer } from "../transcode/receiver.ts";
import type { Transcoder } from "../transcode/transcoder.ts";
import type { SnapshotRoute } from "../snapshots/snapshot-route.ts";
import type { Feed, FeedOutput } from "./feed-directory.ts";
import type { FeedExchange } from "./feed-exchange.ts";
import type { FeedService } from "./feed-service.ts";
import { newestJpeg } from "./newest-jpeg.ts";
import { feedView } from "./feed-view.ts";
import { fileEntries } from "./file-entries.ts";
import { FilePlayback, readDuration } from "./file-playback.ts";
import { demuxerNamed, formatNamed } from "./output-formats.ts";

export interface OutputAnswerOptions {
  readonly feeds: FeedService;
  readonly streams: HttpStreams;
  readonly containers: ContainerRegistry;
  readonly demuxers: DemuxerRegistry;
  readonly transcoder: Transcoder;
  readonly snapshots: SnapshotRoute;
  readonly hub: Hub;
  /** Takes a seat for a viewer. @throws {Refusal} `full` */
  readonly admit: () => () => void;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** What a viewer asked for: an output, or a feed under its own name. */
interface Shown {
  /** As who asks is to be decided about, and told. */
  readonly name: string;
  readonly format: ContainerFormat;
  readonly output: FeedOutput | undefined;
}

/** Answers viewers: feeds live and from the past, and files. */
export class OutputAnswer {
  readonly #options: OutputAnswerOptions;

  constructor(options: OutputAnswerOptions) {
    this.#options = options;
  }

  /** @throws HttpProblem and `Refusal` before anything was sent */
  async output(exchange: FeedExchange, output: FeedOutput): Promise<void> {
    const { containers } = this.#options;
    const { name, settings, feed } = output;
    if (settings.format === undefined) throw notServed("Neither its name nor a Format says what this stream is served as.");
    const served = formatNamed(settings.format, containers, hasVideo(output));
    if (served === undefined) throw notServed(`This server does not make ${settings.format}.`);
    if (settings.file !== undefined) {
      if (served.by !== "container") throw notServed(`${settings.format} is made of live streams only, not of files.`);
      return this.#file(exchange, { name, format: served.format, output }, settings.file);
    }
    if (feed === undefined) throw new HttpProblem(404, "not-found", `Stream '${name}' comes from nowhere.`);
    switch (served.by) {
      case "container":
        return this.live(exchange, { name, format: served.format, output });
      case "transcode":
        return this.#made(exchange, output, served.format);
      case "snapshot":
        return this.#picture(exchange, output, feed);
    }
  }

  /** One picture, as `Format jpeg` has it: the newest one. */
  async #picture({ request, response, headers }: FeedExchange, output: FeedOutput, feed: Feed): Promise<void> {
    const { hub, snapshots } = this.#options;
    const stream = await hub.watch(feed.name, 0);
    const jpeg = newestJpeg(stream.timeline, feedView(output));
    if (jpeg === undefined) return snapshots.send({ request, response }, stream, headers);
    response.writeHead(200, { ...headers, "Cache-Control": "no-store", "Content-Type": "image/jpeg", "Content-Length": jpeg.length });
    response.end(request.method === "HEAD" ? undefined : jpeg);
  }

  /** Shows a feed, or what an output has of it, in a container of ours. */
  async live(exchange: FeedExchange, { name, format, output }: Shown): Promise<void> {
    const { transcoder, now } = this.#options;
    const query = new URLSearchParams(exchange.target.query);
    const variant = containerFor(format, query);
    if (typeof variant === "string") throw new HttpProblem(400, "bad-query", variant);
    const { container, wanted } = variant;
    const view = output && feedView(output);
    const replay = withPolicies(replayOf(query, now()), output);
    await this.#serve(
      exchange,
      { name, output },
      {
        replay,
        made: output && madeContainer(transcoder, format, { wanted, isPast: replay !== undefined, choice: view }),
        container: view ? { key: `${container.key} of ${view.key}`, muxer: view.muxer(container.muxer) } : container,
        headers: (generation) => mediaHeaders(format, view?.of(generation) ?? generation, wanted),
      },
    );
  }

  /** The same in a container that FFmpeg writes. */
  async #made(exchange: FeedExchange, output: FeedOutput, format: TranscodeFormat): Promise<void> {
    const { transcoder, now } = this.#options;
    const query = new URLSearchParams(exchange.target.query);
    const wanted = wantedKinds(query);
    if (typeof wanted === "string") throw new HttpProblem(400, "bad-query", wanted);
    const replay = withPolicies(replayOf(query, now()), output);
    await this.#serve(
      exchange,
      { name: output.name, output },
      {
        replay,
        made: madeFormat(transcoder, format, { wanted, isPast: replay !== undefined, choice: feedView(output) }),
        container: piecesContainer(format.name),
        headers: () => ({ "Content-Type": format.mimeType }),
      },
    );
  }

  async #serve(
    { request, response, target, address, headers }: FeedExchange,
    { name, output }: Pick<Shown, "name" | "output">,
    media: Omit<HttpStreamRequest, "question">,
  ): Promise<void> {
    const { streams } = this.#options;
    const question = viewerQuestion(request, target, { stream: name, protocol: "http", address });
    const release = this.#takeBandwidth(output?.bandwidth ?? 0, request);
    const forget = this.#note(request, name, address, output?.bandwidth ?? 0);
    const shared = { ...headers, Pragma: "no-cache" };
    try {
      if (request.method === "HEAD") await streams.describe(request, response, { ...media, question }, shared);
      else await streams.serve(request, response, { ...media, question }, shared);
    } catch (error) {
      release();
      forget();
      throw this.#counted(error);
    }
  }

  /** Shows a connection on the status page. */
  #note(request: IncomingMessage, name: string, address: string, bandwidth: number): () => void {
    if (request.method === "HEAD") return () => undefined;
    return this.#options.feeds.connections.add(request, { name, isInput: false, address, bandwidth });
  }

  async #file(exchange: FeedExchange, { name, format, output }: Shown, path: string): Promise<void> {
    const { demuxers, admit } = this.#options;
    const { request, response, target, address, headers } = exchange;
    const query = new URLSearchParams(target.query);
    const variant = containerFor(format, query);
    const from = readDuration(query.get("date") ?? "0");
    if (typeof variant === "string") throw new HttpProblem(400, "bad-query", variant);
    const missing = new HttpProblem(404, "not-found", `Input stream corresponding to '${target.path}' not found`);
    if (from === undefined) throw missing;
    const view = feedView(output!);
    const release = this.#seat(admit);
    const forget = this.#note(request, name, address, 0);
    try {
      const demuxer = (sink: FrameSink) => demuxers.open(demuxerNamed(output?.settings.inputFormat, demuxers), sink);
      const playback = new FilePlayback(request, response, {
        entries: fileEntries(path, demuxer),
        muxer: view.muxer(variant.container.muxer),
        headers: (generation) => ({
          ...headers,
          ...mediaHeaders(format, view.of(generation), variant.wanted),
          "Cache-Control": "no-store",
          Pragma: "no-cache",
          Connection: "close",
        }),
        from,
        maxTime: output?.settings.maxTime ?? 0,
      });
      await playback.answer();
    } catch (error) {
      forget();
      if (!isFileError(error)) throw error;
      this.#options.feeds.log.warn({ stream: name, reason: error.message }, "the file of a stream cannot be read");
      throw missing;
    } finally {
      release();
    }
  }

  #seat(admit: () => () => void): () => void {
    try {
      return admit();
    } catch (error) {
      throw this.#counted(error);
    }
  }

  /** Bandwidth for as long as a connection lasts; a HEAD has none. */
  #takeBandwidth(kilobits: number, { method, socket }: IncomingMessage): () => void {
    const { bandwidth } = this.#options.feeds;
    const taken = bandwidth.take(kilobits);
    if (typeof taken !== "function")
      throw tooBusy(
        `The bandwidth being served (including your stream) is ${taken.total}kbit/s, and this exceeds the limit of ${bandwidth.limit}kbit/s.`,
      );
    if (method === "HEAD") taken();
    else socket.once("close", taken);
    return taken;
  }

  #counted(error: unknown): unknown {
    if (!(error instanceof Refusal) || error.code !== "full") return error;
    const { maxViewers } = this.#options.feeds;
    return tooBusy(`The number of current connections is ${maxViewers + 1}, and this exceeds the limit of ${maxViewers}.`);
  }
}

function tooBusy(words: string): HttpProblem {
  const text = `Server too busy. The server is too busy to serve your request at this time. ${words}`;
  return new HttpProblem(503, "full", text, { "Retry-After": "5" });
}

function isFileError(error: unknown): error is Error {
  return error instanceof Error && "syscall" in error;
}

/** Where a viewer begins who does not say it, and when everybody ends. */
function withPolicies(asked: ReplayOptions | undefined, output: FeedOutput | undefined): ReplayOptions | undefined {
  const { preroll = 0, maxTime = 0 } = output?.settings ?? {};
  if (asked === undefined && preroll === 0 && maxTime === 0) return undefined;
  return { ...(asked ?? { from: { behind: 0 }, preroll }), ...(maxTime > 0 && { maxTime }) };
}

function notServed(words: string): HttpProblem {
  return new HttpProblem(415, "not-carried", words);
}

/** Whether an output is asked to have pictures; of a file nobody knows yet. */
function hasVideo({ feed, places }: FeedOutput): boolean {
  const encodings = places?.map((place) => feed?.encodings[place]) ?? feed?.encodings ?? [];
  return encodings.some((encoding) => encoding?.codec.kind === "video");
}
