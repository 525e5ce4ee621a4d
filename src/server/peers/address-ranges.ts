import { BlockList, isIP, isIPv4 } from "node:net";

/** Names for ranges that are written often. */
const named: Readonly<Record<string, readonly string[]>> = {
  loopback: ["127.0.0.0/8", "::1"],
  // RFC 1918 and RFC 4193.
  private: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
};

/** What may be written for a range, in words. */
export const rangeForm = `an IP address, a range like "10.0.0.0/8", or ${Object.keys(named).join(" or ")}`;

/** Whether a text is an address, a range in CIDR notation, or one of our names for some. */
export function isRange(text: string): boolean {
  return Object.hasOwn(named, text) || readRange(text) !== undefined;
}

function readRange(text: string): { readonly address: string; readonly bits: number } | undefined {
  const [, address = "", digits] = /^([^/%]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const length = isIP(address) === 0 ? -1 : isIPv4(address) ? 32 : 128;
  const bits = digits === undefined ? length : Number(digits);
  return length < 0 || bits > length ? undefined : { address, bits };
}

/** A set of IP addresses. */
export class AddressRanges {
  readonly #list = new BlockList();
  readonly #isEmpty: boolean;

  /** @param ranges each of the form that `isRange` takes */
  constructor(ranges: readonly string[]) {
    this.#isEmpty = ranges.length === 0;
    for (const text of ranges.flatMap((range) => (Object.hasOwn(named, range) ? named[range]! : [range]))) {
      const range = readRange(text);
      if (!range) throw new TypeError(`"${text}" is not ${rangeForm}`);
      this.#list.addSubnet(range.address, range.bits, isIPv4(range.address) ? "ipv4" : "ipv6");
    }
  }

  /** @param address in any spelling; what is no address is in no range */
  has(address: string): boolean {
    const version = this.#isEmpty ? 0 : isIP(address);
    return version !== 0 && this.#list.check(address, version === 4 ? "ipv4" : "ipv6");
  }
}
