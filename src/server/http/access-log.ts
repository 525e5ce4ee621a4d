import { createWriteStream, type WriteStream } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { withoutKeysIn } from "./keyless-url.ts";

/** Bytes that may wait for a slow disk; what comes then is dropped, and counted. */
const maxWaiting = 1024 * 1024;
/** Milliseconds until a file that could not be written is tried again. */
const retryAfter = 10_000;
/** Characters of a URL; ffserver kept as many. */
const longestUrl = 127;

export interface AccessLogOptions {
  /** A file that is added to; `-` for standard output. */
  readonly file: string;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly log: { warn(fields: object, message: string): void };
}

/** A line for every HTTP request, written when it is over, as ffserver wrote it: it looks like Apache's and is not. */
export class AccessLog implements Disposable {
  readonly #options: AccessLogOptions;
  #stream: WriteStream | undefined;
  #retryAt = 0;
  /** Lines that found no room. */
  #dropped = 0;
  #closed = false;

  constructor(options: AccessLogOptions) {
    this.#options = options;
  }

  /** Notes a request when its answer is over. @param address of who sent it */
  watch(request: IncomingMessage, response: ServerResponse, address: string): void {
    const { socket, method = "" } = request;
    const before = { read: socket.bytesRead, written: socket.bytesWritten };
    response.once("close", () => {
      const isPublisher = method !== "GET" && method !== "HEAD";
      const bytes = isPublisher ? socket.bytesRead - before.read : socket.bytesWritten - before.written;
      this.#write(accessLine({ at: this.#options.now(), address, request, status: response.statusCode, bytes: Math.max(0, bytes) }));
    });
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#stream?.end();
    this.#stream = undefined;
  }

  #write(line: string): void {
    if (this.#closed) return;
    const stream = this.#open();
    if (stream === undefined || stream.writableLength > maxWaiting) {
      this.#dropped += 1;
      return;
    }
    if (this.#dropped > 0) this.#options.log.warn({ lines: this.#dropped }, "the access log could not take all lines");
    this.#dropped = 0;
    stream.write(line);
  }

  #open(): WriteStream | undefined {
    const { file, now, log } = this.#options;
    if (this.#stream !== undefined || now() < this.#retryAt) return this.#stream;
    const stream = file === "-" ? createWriteStream("", { fd: 1, autoClose: false }) : createWriteStream(file, { flags: "a" });
    stream.on("error", (error) => {
      if (this.#stream === stream) this.#stream = undefined;
      this.#retryAt = now() + retryAfter;
      log.warn({ err: error, file }, "the access log cannot be written");
    });
    this.#stream = stream;
    return stream;
  }
}

interface AccessFacts {
  readonly at: number;
  readonly address: string;
  readonly request: Pick<IncomingMessage, "method" | "url" | "httpVersion">;
  readonly status: number;
  readonly bytes: number;
}

/** `Fri Nov 20 09:30:31 2026 127.0.0.1 - - [GET] "/feed1.ffm HTTP/1.1" 200 4175`. */
export function accessLine({ at, address, request: { method = "", url = "", httpVersion }, status, bytes }: AccessFacts): string {
  const shown = withoutKeysIn(url)
    .slice(0, longestUrl)
    .replaceAll(/[^!#-~]/g, (character) => encodeURIComponent(character.toWellFormed()));
  return `${cTime(new Date(at))} ${address} - - [${method}] "${shown} HTTP/${httpVersion}" ${status} ${bytes}\n`;
}

/** The time as `ctime` of C has it, in local time. */
export function cTime(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(":");
  return `${weekdays[time.getDay()]} ${months[time.getMonth()]} ${String(time.getDate()).padStart(2)} ${clock} ${time.getFullYear()}`;
}

const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
