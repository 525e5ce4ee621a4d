import { z } from "zod";
import { streamName } from "../../hub/identity.ts";
import { Refusal } from "../../hub/refusal.ts";
import { type AclRow, isHost } from "../ffserver/acl.ts";
import { lavcCodecNamed } from "../ffserver/lavc.ts";
import { duration, size } from "./quantity.ts";

/** Entries of each of these groups. */
const most = 2000;
/** Characters of a name, a path, a URL, a word. */
const longest = 1023;

/** One row of an access list, `allow 10.0.0.0 10.0.255.255`; a host name stands for its address. */
function aclRow() {
  const error = 'must be "allow" or "deny" and an IPv4 address or a host name, or the first and the last of a range';
  return z
    .string({ error })
    .transform((text, context): AclRow => {
      const [action, first = "", last = first, ...more] = text.split(" ");
      if ((action === "allow" || action === "deny") && isHost(first) && isHost(last) && more.length === 0) return { action, first, last };
      context.issues.push({ code: "custom", message: error, input: text });
      return z.NEVER;
    })
    .meta({ jsonSchema: { type: "string", pattern: "^(allow|deny) [\\w.-]+( [\\w.-]+)?$" } });
}

function acl() {
  return z.array(aclRow()).max(1000);
}

const words = () => z.string().min(1).max(longest);
const texts = () =>
  z.record(
    z.string().min(1).max(longest),
    z.union([z.string().max(longest), z.number().transform(String)], { error: "must be text or a number" }),
  );

/** What a feed's encoder is asked to make: a codec by FFmpeg's name, and its options. */
const encoding = z.strictObject({
  codec: z
    .string()
    .refine((name) => lavcCodecNamed(name) !== undefined, { error: "is no codec that FFM has a number for" })
    .transform((name) => lavcCodecNamed(name)!),
  options: texts().default({}),
});

const feed = z.strictObject({
  /** Where the newest of it is kept, below `feeds` in `data`; nowhere without it. */
  file: words().optional(),
  maxSize: size("1MiB", "1024GiB").prefault("64MiB"),
  /** What is kept is forgotten when a publisher begins a new stream. */
  truncate: z.boolean().default(false),
  acl: acl().optional(),
  encodings: z.array(encoding).max(32).default([]),
  launch: z.array(words()).max(62).default([]),
  /** Nobody publishes: what plays is the file, which is there and is not written. */
  readOnly: z.boolean().default(false),
});

const output = z.strictObject({
  feed: words().optional(),
  file: words().optional(),
  inputFormat: words().optional(),
  format: words().optional(),
  encodings: z.array(z.int().min(1).max(32)).max(32).optional(),
  metadata: texts().default({}),
  preroll: duration("0s", "24h").prefault("0s"),
  maxTime: duration("0s", "1000h").prefault("0s"),
  acl: acl().default([]),
  dynamicAcl: words().optional(),
  faviconUrl: words().optional(),
  hideCounts: z.boolean().default(false),
});

/** `feeds`: what a feed is called is the stream that its encoder publishes. */
export function feeds() {
  return z
    .record(words().refine(isStreamName, { error: "cannot be the name of a stream" }), feed)
    .refine((value) => Object.keys(value).length <= most, { error: `at most ${most} feeds` })
    .meta({ form: "feeds by name" });
}

/** `outputs`: exact addresses below the root. */
export function outputs() {
  return z
    .record(words(), output)
    .refine((value) => Object.keys(value).length <= most, { error: `at most ${most} outputs` })
    .meta({ form: "outputs by name" });
}

/** `redirects`: exact addresses below the root, and where they lead. */
export function redirects() {
  return z
    .record(words(), words().regex(/^[\x21-\x7e]+$/, { error: "must be a URL, without spaces" }))
    .refine((value) => Object.keys(value).length <= most, { error: `at most ${most} redirects` })
    .meta({ form: "URLs by name" });
}

function isStreamName(name: string): boolean {
  try {
    return streamName(name) === name;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

export type FeedSettings = z.output<typeof feed>;
export type OutputSettings = z.output<typeof output>;
