import type { Log } from "../log.ts";
import type { KeyRing } from "./key-ring.ts";
import { withoutKeys } from "./publish-key.ts";

/** Fields that hold what a peer said: a key sent in place of a name is a name until somebody looks. */
const fieldsOfPeers = ["stream", "reason", "encoder", "client"] as const;

/** A log in which keys are masked. */
export function logWithoutKeys(log: Log, keys: KeyRing): Log {
  const masked = (value: unknown): unknown => (typeof value === "string" ? withoutKeys(value, keys.known) : value);
  return log.child({}, { serializers: Object.fromEntries(fieldsOfPeers.map((name) => [name, masked])) });
}
