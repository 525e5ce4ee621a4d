import { createHash } from "node:crypto";

/** What a file's name is made of. */
export interface FileNameFacts {
  /** The stream's identity: segments joined by `/`. */
  readonly stream: string;
  /** Unix milliseconds of the file's first frame. */
  readonly at: number;
  /** Number of the file within its recording, from 1. */
  readonly n: number;
  /** Of the container, without a dot. */
  readonly extension: string;
}

/** Bytes (UTF-8) of one part of a path. File systems take 255; ours leave room for what tells equal names apart. */
const longestSegment = 200;

const values: Readonly<Record<string, (facts: FileNameFacts) => string>> = {
  app: ({ stream }) => safeSegment(stream.split("/")[0]!),
  name: ({ stream }) => safePath(stream.split("/").slice(1).join("/") || stream),
  stream: ({ stream }) => safePath(stream),
  date: ({ at }) => new Date(at).toISOString().slice(0, 10),
  time: ({ at }) => new Date(at).toISOString().slice(11, 19).replaceAll(":", "-"),
  n: ({ n }) => String(n),
  ext: ({ extension }) => extension,
};

const piece = String.raw`(?:[^{}\/\\\u0000-\u001f\u2028\u2029]|\{(?:${Object.keys(values).join("|")})\})`;
const pathPart = String.raw`(?!\.{1,2}(?:\/|$))${piece}+`;
/** Templates: parts with `/` between them that are no "." or "..", the last of which ends in `.{ext}`. */
export const templatePattern = new RegExp(String.raw`^(?![A-Za-z]:)(?=.*\.\{ext\}$)${pathPart}(?:\/${pathPart})*$`, "u");

/** What is wrong with a template, in words. */
export function templateMistake(template: string): string {
  const unknown = [...template.matchAll(/\{([^}]*)\}?/g)].map(([, name]) => name!).find((name) => !Object.hasOwn(values, name));
  if (unknown !== undefined) {
    const known = Object.keys(values).map((name) => `{${name}}`);
    return `{${unknown}} is nothing that a name is made of; there are ${known.join(", ")}`;
  }
  if (/^[/\\]|^[a-z]:/i.test(template)) return "must be relative: it is below recording.folder";
  if (!template.endsWith(".{ext}")) return "must end in .{ext}";
  return 'must be parts with / between them, none of them empty, "." or "..", without a backslash';
}

/**
 * The path of a file below the folder of recordings, with `/` between its parts. It stays below that folder and can be made on every file
 * system, whatever the stream is called. Different streams may get the same name: whoever makes the file has to see to that.
 */
export function fileName(template: string, facts: FileNameFacts): string {
  const filled = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name]?.(facts) ?? "");
  return safePath(filled);
}

/** The same name with a number that tells it from others. */
export function numberedName(name: string, number: number): string {
  const dot = name.lastIndexOf(".");
  return number === 1 ? name : `${name.slice(0, dot)}~${number}${name.slice(dot)}`;
}

function safePath(path: string): string {
  return path
    .split("/")
    .filter((segment) => segment !== "")
    .map(safeSegment)
    .join("/");
}

/** Windows takes these for devices, with any extension. */
const devices = /^(?:con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³])(?=\.|$)/i;

/** One part of a path that is a plain name everywhere. What is one already stays as it is. */
function safeSegment(segment: string): string {
  const plain = segment
    .normalize("NFC")
    .toWellFormed()
    // Controls, what only changes how text is shown, and what is no name on Windows or goes to another folder.
    .replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}<>:"/\\|?*]/gu, "_")
    .replace(/^[.\s]+/, (dots) => "_".repeat(dots.length))
    .replace(/[.\s]+$/, (dots) => "_".repeat(dots.length))
    .replace(devices, "_$&");
  return shortened(plain === "" ? "_" : plain);
}

/** A name that is too long ends in what tells it from others that begin like it, and keeps its extension. */
function shortened(name: string): string {
  const bytes = Buffer.from(name);
  if (bytes.length <= longestSegment) return name;
  const extension = /\.\w{1,8}$/.exec(name)?.[0] ?? "";
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 12);
  const room = longestSegment - extension.length - hash.length - 1;
  let end = room;
  while ((bytes[end]! & 0xc0) === 0x80) end -= 1; // not within a character
  return `${bytes.subarray(0, end).toString()}-${hash}${extension}`;
}
