import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { Muxer, MuxerFactory, MuxerSink } from "../../media/muxer.ts";
import type { Frame } from "../../media/frame.ts";
import { isRandomAccess } from "../../media/frame.ts";
import { leadingTrack } from "../../hub/timeline.ts";
import type { ReadEntry } from "../../hub/timeline-reader.ts";
import type { Generation } from "../../media/track.ts";

/** How a file is shown to one viewer. Times in milliseconds. */
export interface FilePlaybackOptions {
  readonly entries: AsyncIterable<ReadEntry>;
  readonly muxer: MuxerFactory;
  /** Headers of the answer. @throws {Refusal} `not-carried` */
  readonly headers: (generation: Generation) => Readonly<Record<string, string>>;
  /** Where it begins: at the first random-access point from there on. */
  readonly from: number;
  /** After which it ends; 0 for never. */
  readonly maxTime: number;
}

/** One viewer's way through a file, as fast as it reads, which is what ffserver did: nothing is shared and nothing is kept. */
export class FilePlayback {
  readonly #options: FilePlaybackOptions;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #muxer: Muxer;
  #generation: Generation | undefined;
  #hasInit = false;
  #over = false;
  /** Decoding time of the file's first frame, in microseconds. */
  #first: number | undefined;
  /** The same of the first frame shown. */
  #begun: number | undefined;

  constructor(request: IncomingMessage, response: ServerResponse, options: FilePlaybackOptions) {
    this.#request = request;
    this.#response = response;
    this.#options = options;
    this.#muxer = options.muxer(this.#sink());
  }

  /** Answers. What is wrong with the file further in ends the answer; what is wrong before its beginning is thrown. */
  async answer(): Promise<void> {
    const response = this.#response;
    try {
      for await (const entry of this.#options.entries) {
        this.#take(entry);
        if (this.#over || response.destroyed || (this.#request.method === "HEAD" && response.headersSent)) break;
        if (response.writableNeedDrain) await taken(response);
      }
    } catch (error) {
      if (!response.headersSent || !(error instanceof ProtocolError)) throw error;
    }
    if (!response.headersSent) throw new ProtocolError("malformed", "the file has no frame of video or audio that can be carried");
    if (this.#request.method !== "HEAD") this.#muxer.flush();
    response.end();
  }

  #take(entry: ReadEntry): void {
    switch (entry.kind) {
      case "skip":
        return;
      case "discontinuity":
        return this.#muxer.discontinuity(entry.discontinuity);
      case "generation":
        this.#generation = entry.generation;
        if (!this.#response.headersSent) this.#response.writeHead(200, this.#options.headers(entry.generation));
        if (this.#request.method !== "HEAD") this.#muxer.generation(entry.generation);
        return;
      case "frame":
        return this.#frame(entry.frame, entry.micros);
    }
  }

  #frame(frame: Frame, micros: number): void {
    const { from, maxTime } = this.#options;
    this.#first ??= micros;
    if (this.#begun === undefined) {
      const leading = leadingTrack(this.#generation?.tracks ?? []);
      if (micros - this.#first < from * 1000 || frame.track !== leading?.id || !isRandomAccess(frame)) return;
      this.#begun = micros;
    }
    if (maxTime > 0 && micros - this.#begun > maxTime * 1000) this.#over = true;
    else this.#muxer.frame(frame);
  }

  #sink(): MuxerSink {
    return {
      init: ({ bytes, change, changeIsAnnounced }) => {
        const goesOn = change !== undefined && changeIsAnnounced !== true;
        if (!this.#hasInit) this.#response.write(bytes);
        else if (goesOn) this.#response.write(change);
        else this.#over = true;
        this.#hasInit = true;
      },
      chunk: ({ parts }) => {
        if (this.#over) return;
        for (const part of parts) this.#response.write(part);
      },
    };
  }
}

/** Resolves when the reader has taken what was written, or has gone. */
async function taken(response: ServerResponse): Promise<void> {
  const abort = new AbortController();
  const { signal } = abort;
  await Promise.race([once(response, "drain", { signal }), once(response, "close", { signal })]).catch(() => undefined);
  abort.abort();
}

/** `HH:MM:SS`, `MM:SS` or seconds, with a fraction or without, in milliseconds; undefined for what is none. */
export function readDuration(text: string): number | undefined {
  const [, hours = "0", minutes = "0", seconds = ""] = /^(?:(?:(\d{1,3}):)?(\d{1,2}):)?(\d{1,6}(?:\.\d{1,6})?)$/.exec(text) ?? [];
  return seconds === "" ? undefined : (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
}
