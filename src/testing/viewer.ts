import { once } from "node:events";
import { type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { WebSocket } from "ws";
import type { ViewedBytes } from "./viewed-frames.ts";

/** Bytes that are read of an answer that is no stream. */
const wordsLimit = 4096;

/** A viewer got no stream, or its stream was cut: the words are the server's, where it had some. */
export class ViewerError extends Error {
  override readonly name = "ViewerError";
  /** The status of HTTP, or the close code of a WebSocket. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Where a stream is watched, and with which headers. */
export interface View {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/**
 * Reads a stream over HTTP until it ends as it should. Rejects with a `ViewerError`, with the signal's reason, and with what `take` threw.
 */
export async function viewHttp({ url, headers, signal }: View, take: ViewedBytes): Promise<void> {
  // On a connection of its own: one that is kept would be there when the server is closed.
  const request = (url.protocol === "https:" ? httpsRequest : httpRequest)(url, { agent: false, headers, signal });
  // What goes wrong is told below; a second error of a request that is over already is no news.
  request.on("error", () => undefined).end();
  try {
    const [response] = (await once(request, "response")) as [IncomingMessage];
    const status = response.statusCode ?? 0;
    if (status !== 200) throw new ViewerError(status, await words(response));
    for await (const piece of response) take(piece as Buffer);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error && "code" in error && error.code === "ECONNRESET") throw new ViewerError(200, "the response was cut");
    throw error;
  } finally {
    request.destroy();
  }
}

async function words(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const piece of response.setEncoding("utf8")) {
    text += piece as string;
    if (text.length > wordsLimit) break;
  }
  return text.slice(0, wordsLimit).trim() || `HTTP status ${response.statusCode}`;
}

/** The same over a WebSocket, each of its binary messages. It ends as it should with close code 1000. */
export async function viewWebSocket({ url, headers, signal }: View, take: ViewedBytes): Promise<void> {
  const socket = new WebSocket(url, { headers, perMessageDeflate: false });
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => undefined);
  const aborted = (): void => reject(signal.reason);
  signal.addEventListener("abort", aborted, { once: true });
  socket.on("error", reject);
  socket.on("unexpected-response", (_request, response: IncomingMessage) => {
    const status = response.statusCode ?? 0;
    reject(new ViewerError(status, `the WebSocket was answered with HTTP status ${status}`));
  });
  socket.on("message", (data: Buffer, isBinary: boolean) => {
    try {
      if (isBinary) take(data);
    } catch (error) {
      reject(error);
    }
  });
  try {
    const [code, reason] = (await Promise.race([once(socket, "close"), failed])) as [number, Buffer];
    if (code !== 1000) throw new ViewerError(code, reason.toString("utf8") || `the WebSocket was closed with code ${code}`);
  } finally {
    signal.removeEventListener("abort", aborted);
    socket.terminate();
  }
}
