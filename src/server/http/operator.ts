import type { IncomingMessage } from "node:http";
import type { KeyRing } from "../access/key-ring.ts";
import type { Peers } from "../peers/peers.ts";
import { keyInHeader } from "./viewer-question.ts";

/** How somebody showed that the server is theirs to look into. */
export type OperatorProof =
  /** They sit at the machine itself. */
  | "near"
  /** They sent the key that publishes every stream. */
  | "key";

/** Headers that proxies add: a request that has one was not made on this machine. */
const proxyHeaders = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "forwarded", "via"] as const;

/** A host name that only this machine's own programs use. What a web site lets point here keeps its own name. */
const nearHost = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;
const nearAddress = /^(127(\.\d{1,3}){3}|::1)$/;

/**
 * Whether a request may see what is for the operator: one that was made on this machine and by no proxy, or one with the
 * key that publishes every stream, as a bearer token or the password of Basic. Undefined: it may not.
 *
 * A proxy on this machine that adds no header and names itself as the host cannot be told from a program here;
 * docs/operate.md says what it has to add.
 */
export async function operatorProof(request: IncomingMessage, peers: Peers, keys: KeyRing | undefined): Promise<OperatorProof | undefined> {
  const { headers } = request;
  const key = keyInHeader(headers);
  if (key !== undefined && keys !== undefined) {
    await keys.current();
    const found = keys.find(key);
    if (found !== undefined && found.stream === undefined) return "key";
  }
  const isForwarded = proxyHeaders.some((name) => headers[name] !== undefined);
  if (isForwarded || !nearHost.test(headers.host ?? "")) return undefined;
  return nearAddress.test(peers.requester(request).address) ? "near" : undefined;
}
