import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { HttpProblem } from "../http/http-problem.ts";
import { type ByteRange, type FileFacts, httpDate, preconditionOf, requestedRange } from "./byte-range.ts";
import { fileType } from "./file-types.ts";
import type { VodFile } from "./vod-folders.ts";

/** Bytes that are read and written at a time. */
const piece = 256 * 1024;

/** A request and how it is answered. */
export interface VodExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Those that all answers have. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Answers with the file itself, whole or in part (RFC 9110 13 and 14). Resolves when it was taken or the reader has gone. */
export async function answerFile({ request, response, headers }: VodExchange, file: VodFile): Promise<void> {
  const facts = { size: file.size, etag: `"${file.version}"`, modified: file.modified };
  const fresh = { ...headers, ...freshness(facts), "Accept-Ranges": "bytes" };
  const instead = preconditionOf(request.headers, facts);
  if (instead === 304) return void response.writeHead(304, fresh).end();
  if (instead === 412) throw new HttpProblem(412, "changed", "The file is not as it was.");
  const range = requestedRange(request.headers, facts);
  if (range === "unsatisfiable") {
    const words = `The file has ${file.size} bytes.`;
    throw new HttpProblem(416, "bad-range", words, { "Content-Range": `bytes */${file.size}`, "Accept-Ranges": "bytes" });
  }
  const { first, last } = range ?? { first: 0, last: file.size - 1 };
  response.writeHead(range === undefined ? 200 : 206, {
    ...fresh,
    "Content-Type": fileType(file.path),
    "Content-Length": last - first + 1,
    ...(range !== undefined && { "Content-Range": `bytes ${first}-${last}/${file.size}` }),
  });
  if (request.method === "HEAD") return void response.end();
  await send(response, bytesOf(file, { first, last }));
}

/** Sends bytes as fast as they are taken. A reader that leaves or dawdles ends its own response; there is nobody to tell. */
export async function send(response: ServerResponse, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  await pipeline(Readable.from(bytes, { objectMode: true, highWaterMark: 1 }), response).catch(() => response.destroy());
}

async function* bytesOf(file: VodFile, { first, last }: ByteRange): AsyncGenerator<Uint8Array> {
  for (let at = first; at <= last;) {
    const bytes = await file.read(at, Math.min(piece, last - at + 1));
    // A file that has become shorter: the promised length cannot be kept.
    if (bytes.length === 0) throw new Error("the file has become shorter");
    yield bytes;
    at += bytes.length;
  }
}

/** Files may change under their names: whoever keeps one asks whether it did. */
function freshness({ etag, modified }: FileFacts): Record<string, string> {
  return { ETag: etag, "Last-Modified": httpDate(modified), "Cache-Control": "no-cache" };
}
