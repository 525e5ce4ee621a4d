import { isIPv4 } from "node:net";
import { type ConfLine, confLines, ConfNotes, type LineNotes, type Words } from "./conf-line.ts";

/** One line of an access list as it is written: addresses from `first` to `last`, which are IPv4 addresses or host names. */
export interface AclRow {
  readonly action: "allow" | "deny";
  readonly first: string;
  readonly last: string;
}

/** Rows of one list: a hostile DynamicACL file is no more than this. */
const maxRows = 10_000;

/** Reads what follows the word ACL. A mistake here would let in who was to be kept out, so it is always one, where ffserver went on. */
export function readAclRow(words: Words, notes: LineNotes): AclRow | undefined {
  const [action, first] = [words.next(), words.next()];
  const last = words.next() || first;
  const wanted = action.toLowerCase();
  if (wanted !== "allow" && wanted !== "deny") {
    notes.error(`ACL action '${action}' should be ALLOW or DENY.`);
    return undefined;
  }
  for (const host of [first, last]) {
    if (isHost(host)) continue;
    notes.error(`ACL refers to invalid host or IP address '${host}'`);
    return undefined;
  }
  return { action: wanted, first, last };
}

/** What may stand where an IPv4 address or the name of a host is wanted. */
export function isHost(text: string): boolean {
  if (/^[\d.]+$/.test(text)) return isIPv4(text);
  return /^[\w.-]{1,253}$/.test(text);
}

/** Reads the file of a DynamicACL: lines that begin with ACL, comments, and nothing else. */
export function readDynamicAcl(text: string, file: string): { readonly rows: readonly AclRow[]; readonly notes: ConfNotes } {
  const notes = new ConfNotes(file);
  const rows: AclRow[] = [];
  for (const line of confLines(text, notes)) {
    const row = dynamicRow(line);
    if (row === undefined) continue;
    if (rows.length < maxRows) rows.push(row);
    else if (rows.length === maxRows) line.notes.error(`more than ${maxRows} lines of ACL`);
  }
  return { rows, notes };
}

function dynamicRow({ keyword, words, notes }: ConfLine): AclRow | undefined {
  if (keyword.toLowerCase() === "acl") return readAclRow(words, notes);
  notes.error(`Invalid entry '${keyword}' in an access list`);
  return undefined;
}

/** An access list whose names have become addresses. */
export interface Acl {
  /** Whether the list lets an address in. What is no IPv4 address is in no row. */
  allows(address: string): boolean;
}

/**
 * Looks up the names in a list and makes it ready to be asked. Ranges are those of the addresses as numbers, which is what they look like and what
 * ffserver's manual says; its code compared the last octet first.
 *
 * @param lookup the IPv4 address of a host name. Throws where there is none, which fails the whole list
 */
export async function resolveAcl(rows: readonly AclRow[], lookup: (host: string) => Promise<string>): Promise<Acl> {
  const number = async (host: string): Promise<number> => ipv4Number(isIPv4(host) ? host : await lookup(host));
  const ranges: { readonly action: AclRow["action"]; readonly first: number; readonly last: number }[] = [];
  for (const { action, first, last } of rows) ranges.push({ action, first: await number(first), last: await number(last) });
  return {
    allows(address) {
      const asked = isIPv4(address) ? ipv4Number(address) : -1;
      const row = ranges.find(({ first, last }) => first <= asked && asked <= last);
      // Where no row says anything, the opposite of the last one is meant.
      return row === undefined ? ranges.at(-1)?.action !== "allow" : row.action === "allow";
    },
  };
}

function ipv4Number(address: string): number {
  return address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
}
