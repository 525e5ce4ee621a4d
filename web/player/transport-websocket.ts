import { CloseReason, reasonOfCloseCode } from "./close-reason.ts";
import type { Transport, TransportListener } from "./transport.ts";

/** Some proxies leave the handshake unanswered for ever. Milliseconds. */
const handshakeTimeout = 6000;

/** Opens the stream's WebSocket: text messages describe, binary ones are media. */
export function openWebSocket(url: string, listener: TransportListener): Transport {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  let opened = false;
  let done = false;
  const finish = (reason: CloseReason, detail: string) => {
    if (done) return;
    done = true;
    clearTimeout(timer);
    listener.closed({ reason, detail });
  };
  const timer = setTimeout(() => {
    finish(CloseReason.blocked, "no answer to the WebSocket handshake");
    socket.close();
  }, handshakeTimeout);
  socket.addEventListener("open", () => {
    opened = true;
    clearTimeout(timer);
    if (!done) listener.opened();
  });
  socket.addEventListener("message", (event: MessageEvent<string | ArrayBuffer>) => {
    if (done) return;
    if (typeof event.data === "string") listener.described(event.data);
    else listener.data(new Uint8Array(event.data));
  });
  socket.addEventListener("close", (event) => finish(reasonOfCloseCode(event.code, opened), event.reason));
  return {
    close() {
      done = true;
      clearTimeout(timer);
      socket.close();
    },
  };
}
