/** What the player takes from the server's `config` message; the rest is in the init segment. */
export interface ConfigMessage {
  /** Codec strings by track id. */
  readonly codecs: ReadonlyMap<number, string>;
  /** Why tracks are missing, in words for the viewer. */
  readonly leftOut: readonly string[];
}

export const emptyConfig: ConfigMessage = { codecs: new Map(), leftOut: [] };

/** Reads a text message; undefined where it is another kind of message, which is then ignored. */
export function readConfigMessage(text: string): ConfigMessage | undefined {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(message) || message["type"] !== "config") return undefined;
  const codecs = new Map<number, string>();
  for (const track of records(message["tracks"])) {
    if (typeof track["id"] === "number" && typeof track["codec"] === "string") codecs.set(track["id"], track["codec"]);
  }
  const reasons = records(message["leftOut"]).map((track) => track["reason"]);
  return { codecs, leftOut: reasons.filter((reason) => typeof reason === "string") };
}

function records(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
