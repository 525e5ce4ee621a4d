import { lookup } from "node:dns/promises";
import { isIPv4 } from "node:net";
import { readTextFile } from "../config/text-file.ts";
import { type Acl, type AclRow, readDynamicAcl, resolveAcl } from "../ffserver/acl.ts";

/** Bytes of the file of a DynamicACL. */
const fileLimit = 256 * 1024;
/** Milliseconds that addresses of host names are kept. */
const keptFor = 60_000;

/** What an address check tells of what went wrong. */
export interface CheckLog {
  error(fields: object, message: string): void;
}

export interface AddressCheckOptions {
  readonly rows: readonly AclRow[];
  /** A file of rows that is read for every question, and then decides alone. */
  readonly file?: string | undefined;
  readonly log: CheckLog;
  /** Milliseconds of a clock. */
  readonly now: () => number;
}

/** Whether an address is let in by an access list, or by the file of one. What cannot be found out is a no. */
export class AddressCheck {
  readonly #options: AddressCheckOptions;
  #resolved: { readonly acl: Promise<Acl>; readonly until: number } | undefined;

  constructor(options: AddressCheckOptions) {
    this.#options = options;
  }

  async allows(address: string): Promise<boolean> {
    const { file, log } = this.#options;
    try {
      const acl = file === undefined ? await this.#static() : await this.#dynamic(file);
      return acl.allows(address);
    } catch (error) {
      log.error({ err: error, ...(file !== undefined && { file }) }, "an access list could not be read: it lets nobody in");
      return false;
    }
  }

  #static(): Promise<Acl> {
    const { rows, now } = this.#options;
    const hasNames = rows.some(({ first, last }) => !isIPv4(first) || !isIPv4(last));
    if (this.#resolved === undefined || this.#resolved.until <= now()) {
      const acl = resolveAcl(rows, addressOf);
      this.#resolved = { acl, until: hasNames ? now() + keptFor : Infinity };
      acl.catch(() => (this.#resolved = undefined));
    }
    return this.#resolved.acl;
  }

  async #dynamic(file: string): Promise<Acl> {
    const read = await readTextFile(file, fileLimit, "any");
    if ("mistake" in read) throw new Error(read.mistake);
    const { rows, notes } = readDynamicAcl(read.text, file);
    const [first] = notes.errors;
    if (first !== undefined) throw new Error(`line ${first.place?.line}: ${first.message}`);
    return resolveAcl(rows, addressOf);
  }
}

async function addressOf(host: string): Promise<string> {
  return (await lookup(host, { family: 4 })).address;
}

/** Whether an address is this machine's own. */
export function isLoopback(address: string): boolean {
  return address === "::1" || (isIPv4(address) && address.startsWith("127."));
}
