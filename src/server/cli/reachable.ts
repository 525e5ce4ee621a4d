import type { NetworkInterfaceInfo } from "node:os";
import { formatHost, type ListenAddress } from "../config/values.ts";

/** The hosts under which a listener can be reached, as URLs want them. */
export interface Reachable {
  /** From this machine. */
  readonly local: string;
  /** From the local network; undefined where it is not reachable from there or the machine has no such address. */
  readonly lan?: string;
}

type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** Which hosts to put into URLs for an address that is listened on. */
export function reachable({ host }: ListenAddress, interfaces: Interfaces): Reachable {
  if (host === undefined || host === "::" || host === "0.0.0.0") {
    const lan = lanAddress(interfaces);
    return lan === undefined ? { local: "localhost" } : { local: "localhost", lan };
  }
  if (host === "localhost" || host.startsWith("127.") || host === "::1") return { local: formatHost(host) };
  return { local: formatHost(host), lan: formatHost(host) };
}

/** The address that others on the network most probably reach: private IPv4 first, then any IPv4, then global IPv6. */
export function lanAddress(interfaces: Interfaces): string | undefined {
  const named = Object.entries(interfaces).flatMap(([name, addresses]) => (addresses ?? []).map((info) => ({ name, ...info })));
  const outside = named.filter((info) => !info.internal && !/^(docker|br-|veth|virbr|vmnet|vEthernet)/.test(info.name));
  const v4 = outside.filter((info) => info.family === "IPv4" && !info.address.startsWith("169.254."));
  const v6 = outside.find((info) => info.family === "IPv6" && !/^fe80:/i.test(info.address));
  const address = (v4.find((info) => isPrivate(info.address)) ?? v4.at(0) ?? v6)?.address;
  return address === undefined ? undefined : formatHost(address);
}

function isPrivate(address: string): boolean {
  return /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(address);
}
