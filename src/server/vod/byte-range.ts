/** Range requests (RFC 9110 14) and conditional requests (RFC 9110 13). */
import type { IncomingHttpHeaders } from "node:http";

/** Bytes of a file from the first to the last, both included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** What conditions of a request are compared with. */
export interface FileFacts {
  readonly size: number;
  readonly etag: string;
  /** Unix milliseconds. */
  readonly modified: number;
}

/**
 * The range that is asked for; undefined for the whole file. Also where several are asked for, which a server may answer with the
 * whole (14.2), and where the header means nothing.
 */
export function requestedRange(headers: IncomingHttpHeaders, facts: FileFacts): ByteRange | "unsatisfiable" | undefined {
  const { range, "if-range": condition } = headers;
  if (range === undefined || (condition !== undefined && !isUnchanged(String(condition), facts))) return undefined;
  const match = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(range);
  const [, from = "", to = ""] = match ?? [];
  if (match === null || (from === "" && to === "")) return undefined;
  const { size } = facts;
  if (from === "") {
    const length = Math.min(Number(to), size);
    return length === 0 ? "unsatisfiable" : { first: size - length, last: size - 1 };
  }
  const first = Number(from);
  const last = to === "" ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== "" && Number(to) < first) return undefined;
  return first >= size ? "unsatisfiable" : { first, last };
}

/** What to answer instead of the file: 304, 412, or nothing of the kind. */
export function preconditionOf(headers: IncomingHttpHeaders, facts: FileFacts): 304 | 412 | undefined {
  const { "if-match": match, "if-none-match": noneMatch } = headers;
  if (match !== undefined && !listed(match, facts.etag)) return 412;
  if (match === undefined && isAfter(facts, headers["if-unmodified-since"]) === true) return 412;
  if (noneMatch !== undefined) return listed(noneMatch, facts.etag) ? 304 : undefined;
  return isAfter(facts, headers["if-modified-since"]) === false ? 304 : undefined;
}

/** A date of HTTP has no fractions of a second. */
export function httpDate(modified: number): string {
  return new Date(modified).toUTCString();
}

/** If-Range (13.1.5): the same entity tag, or exactly the same date. */
function isUnchanged(condition: string, { etag, modified }: FileFacts): boolean {
  return condition.startsWith('"') ? condition === etag : condition === httpDate(modified);
}

function listed(list: string, etag: string): boolean {
  if (list.trim() === "*") return true;
  return list.split(",").some((each) => each.trim().replace(/^W\//, "") === etag);
}

/** Whether the file was changed after a date; undefined where there is none. */
function isAfter({ modified }: FileFacts, date: string | undefined): boolean | undefined {
  const time = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isNaN(time) ? undefined : Math.floor(modified / 1000) * 1000 > time;
}
