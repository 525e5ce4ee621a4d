import { CloseReason, reasonOfStatus } from "./close-reason.ts";
import type { Transport, TransportListener } from "./transport.ts";

/** Longest refusal that is shown to the viewer, in characters. */
const longestDetail = 300;

/** Reads the stream from one endless HTTP response. It ends where the configuration changes. */
export function openFetch(url: string, listener: TransportListener): Transport {
  const abort = new AbortController();
  void read(url, listener, abort.signal);
  return { close: () => abort.abort() };
}

async function read(url: string, listener: TransportListener, signal: AbortSignal): Promise<void> {
  let media = false;
  try {
    const response = await fetch(url, { signal, cache: "no-store", credentials: "same-origin" });
    if (!response.ok || response.body === null) {
      const detail = await refusalText(response);
      if (!signal.aborted) listener.closed({ reason: reasonOfStatus(response.status), detail });
      return;
    }
    listener.opened();
    const past = response.headers.get("millrace-past");
    if (past !== null) listener.described(past);
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (signal.aborted) return;
      if (done) break;
      media = true;
      listener.data(value);
    }
    listener.closed({ reason: media ? CloseReason.finished : CloseReason.notLive, detail: "" });
  } catch (error) {
    if (signal.aborted) return;
    listener.closed({ reason: media ? CloseReason.lost : CloseReason.blocked, detail: error instanceof Error ? error.message : "" });
  }
}

/** The server's reason where it is plain text; a proxy's HTML page is nothing to show. */
async function refusalText(response: Response): Promise<string> {
  if (!(response.headers.get("content-type") ?? "").startsWith("text/plain")) return "";
  return (await response.text()).trim().slice(0, longestDetail);
}
