/**
 * What a proxy puts before the bytes of a connection it hands on, to say whose they are: the PROXY protocol of HAProxy
 * (https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt), version 1 in section 2.1, version 2 in section 2.2.
 */
import { isIPv4, isIPv6 } from "node:net";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";

/** Whose connection it is. */
export interface ProxyHeader {
  readonly version: 1 | 2;
  /**
   * IP address of the client, in whatever spelling the header has it. Undefined where the connection is the proxy's own
   * (its health checks) or has no IP address: then it counts as the proxy's.
   */
  readonly source: string | undefined;
}

/** A header at the beginning of bytes, and how many of them it takes. */
export interface ReadProxyHeader extends ProxyHeader {
  readonly length: number;
}

/** Section 2.1: the longest line of version 1, its end included. */
const longestLine = 107;
/** Bytes of addresses and additions (TLVs) of version 2 at most; the format ends at 65535, real ones have a few hundred. */
const longestBlock = 4096;
const lineStart = Uint8Array.from("PROXY ", (letter) => letter.charCodeAt(0));
const signature = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a);
/** Signature, version with command, family, length. */
const fixedLength = signature.length + 4;

/** The lower half of version 2's byte for version and command. */
const Command = { local: 0, proxy: 1 } as const;
/** The upper half of its byte for family and transport. */
const Family = { ipv4: 1, ipv6: 2, unix: 3 } as const;
const Transport = { stream: 1, datagram: 2 } as const;

/**
 * Reads the header that `bytes` begin with. "none": they begin with something else; "more": too few of them are there to
 * tell.
 *
 * @throws {ProtocolError} for a header that breaks the rules
 */
export function readProxyHeader(bytes: Uint8Array): ReadProxyHeader | "none" | "more" {
  if (startsLike(bytes, lineStart)) return bytes.length < lineStart.length ? "more" : readLine(bytes);
  if (startsLike(bytes, signature)) return bytes.length < fixedLength ? "more" : readBlock(bytes);
  return "none";
}

/** Whether the bytes are those of a beginning, as far as both go. */
function startsLike(bytes: Uint8Array, beginning: Uint8Array): boolean {
  for (let at = 0; at < Math.min(bytes.length, beginning.length); at++) if (bytes[at] !== beginning[at]) return false;
  return true;
}

function readLine(bytes: Uint8Array): ReadProxyHeader | "more" {
  const end = bytes.subarray(0, longestLine).indexOf(0x0a);
  if (end < 0) {
    if (bytes.length >= longestLine) throw new ProtocolError("limit", `a PROXY line of more than ${longestLine} bytes`);
    return "more";
  }
  const line = String.fromCharCode(...bytes.subarray(0, end));
  if (!line.endsWith("\r")) throw new ProtocolError("malformed", "a PROXY line that does not end in CR LF");
  const length = end + 1;
  const [family, ...rest] = line.slice(lineStart.length, -1).split(" ");
  if (family === "UNKNOWN") return { version: 1, source: undefined, length };
  const [source = "", destination = "", ...ports] = rest;
  const isAddress = family === "TCP4" ? isIPv4 : family === "TCP6" ? isPlainIpv6 : undefined;
  if (isAddress === undefined || !isAddress(source) || !isAddress(destination) || ports.length !== 2 || !ports.every(isPort)) {
    throw new ProtocolError("malformed", "a PROXY line without the two addresses and ports that it promises");
  }
  return { version: 1, source, length };
}

function readBlock(bytes: Uint8Array): ReadProxyHeader | "more" {
  const reader = new Reader(bytes.subarray(signature.length, fixedLength));
  const versionAndCommand = reader.u8();
  const familyAndTransport = reader.u8();
  const blockLength = reader.u16();
  if (versionAndCommand >> 4 !== 2) throw new ProtocolError("unsupported", `PROXY protocol version ${versionAndCommand >> 4}`);
  const command = versionAndCommand & 15;
  if (command > Command.proxy) throw new ProtocolError("unsupported", `PROXY command ${command}`);
  if (blockLength > longestBlock) throw new ProtocolError("limit", `a PROXY header of ${blockLength} bytes; ${longestBlock} are taken`);
  const length = fixedLength + blockLength;
  if (bytes.length < length) return "more";
  const isLocal = command === Command.local;
  const source = isLocal ? undefined : readSource(familyAndTransport, bytes.subarray(fixedLength, length));
  return { version: 2, source, length };
}

/** The source in a block of addresses. What follows the addresses (TLVs) is nothing that we use. */
function readSource(familyAndTransport: number, block: Uint8Array): string | undefined {
  const family = familyAndTransport >> 4;
  if (family > Family.unix || (familyAndTransport & 15) > Transport.datagram) {
    throw new ProtocolError("malformed", `PROXY address family 0x${familyAndTransport.toString(16)}`);
  }
  const reader = new Reader(block);
  switch (family) {
    case Family.ipv4: {
      const source = reader.bytes(4).join(".");
      reader.skip(8);
      return source;
    }
    case Family.ipv6: {
      const groups = Array.from({ length: 8 }, () => reader.u16().toString(16));
      reader.skip(20);
      return groups.join(":");
    }
    default:
      return undefined;
  }
}

/** A decimal number without zeros in front: those of octal numbers (section 2.1). */
function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 0xffff;
}

/** Without a zone, which means nothing on another machine. */
function isPlainIpv6(text: string): boolean {
  return isIPv6(text) && !text.includes("%");
}

/** The two ends of a connection, of one IP version. */
export interface ProxiedEnds {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
}

/** The header for a connection that is handed on; without ends, for one of the proxy's own. `additions`: TLVs, in version 2. */
export function writeProxyHeader(version: 1 | 2, ends: ProxiedEnds | undefined, additions: Uint8Array = new Uint8Array(0)): Uint8Array {
  if (version === 1) return Uint8Array.from(headerLine(ends), (letter) => letter.charCodeAt(0));
  const block = new Writer(64);
  if (ends) {
    block.bytes(addressBytes(ends.source)).bytes(addressBytes(ends.destination));
    block.u16(ends.sourcePort).u16(ends.destinationPort);
  }
  const addresses = block.bytes(additions).done();
  const family = ends === undefined ? 0 : ((isIPv4(ends.source) ? Family.ipv4 : Family.ipv6) << 4) | Transport.stream;
  const command = ends === undefined ? Command.local : Command.proxy;
  const header = new Writer(fixedLength + addresses.length).bytes(signature);
  return header
    .u8((2 << 4) | command)
    .u8(family)
    .u16(addresses.length)
    .bytes(addresses)
    .done();
}

function headerLine(ends: ProxiedEnds | undefined): string {
  if (ends === undefined) return "PROXY UNKNOWN\r\n";
  const family = isIPv4(ends.source) ? "TCP4" : "TCP6";
  return `PROXY ${family} ${ends.source} ${ends.destination} ${ends.sourcePort} ${ends.destinationPort}\r\n`;
}

/** An address in the order of the network. @param text IPv4, or IPv6 without an IPv4 part */
function addressBytes(text: string): Uint8Array {
  if (isIPv4(text)) return Uint8Array.from(text.split("."), Number);
  const [left = [], right] = text.split("::").map((side) => side.split(":").filter((group) => group !== ""));
  const groups = right === undefined ? left : [...left, ...Array.from({ length: 8 - left.length - right.length }, () => "0"), ...right];
  const writer = new Writer(16);
  for (const group of groups) writer.u16(Number.parseInt(group, 16));
  return writer.done();
}
