import type { Socket } from "node:net";
import { joined } from "../../bytes/joined.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { type ProxyHeader, readProxyHeader } from "./header.ts";

/**
 * Takes the header off a connection that was just accepted, if it begins with one; undefined where it begins with
 * something else. All other bytes stay in the socket, which is left paused.
 *
 * @param within milliseconds for the header to come
 * @throws {ProtocolError} for a header that breaks the rules, does not come in time or is cut short. The socket is the
 *   caller's to close.
 */
export function takeProxyHeader(socket: Socket, within: number): Promise<ProxyHeader | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<ProxyHeader | undefined>();
  let held: Uint8Array = new Uint8Array(0);
  const settle = (then: () => void): void => {
    clearTimeout(timer);
    socket.pause();
    socket.off("data", received).off("close", closed).off("end", closed);
    then();
  };
  const fail = (error: unknown): void => settle(() => reject(error));
  const closed = (): void => fail(new ProtocolError("truncated", `the connection ended after ${held.length} bytes, before it began`));
  const received = (data: Buffer): void => {
    held = held.length === 0 ? data : joined([held, data]);
    try {
      const header = readProxyHeader(held);
      if (header === "more") return;
      const rest = header === "none" ? held : held.subarray(header.length);
      settle(() => {
        if (rest.length > 0) socket.unshift(Buffer.from(rest.buffer, rest.byteOffset, rest.length));
        resolve(header === "none" ? undefined : header);
      });
    } catch (error) {
      fail(error);
    }
  };
  const timer = setTimeout(() => fail(new ProtocolError("timeout", "the first byte, or a PROXY header, took too long")), within);
  // A reset is seen as a close; whoever gets the socket listens for itself.
  socket.on("error", () => undefined);
  socket.on("data", received).on("close", closed).on("end", closed);
  return promise;
}
