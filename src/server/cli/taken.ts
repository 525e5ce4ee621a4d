import { createServer } from "node:net";
import { formatListen, type ListenAddress } from "../config/values.ts";
import type { ListenFailure } from "../listen-error.ts";
import type { PortOwner } from "./port-owner.ts";

/** One listener that could not be opened, with what helps. */
export interface Taken {
  readonly failure: ListenFailure;
  readonly owner?: PortOwner;
  /** An address nearby that is free; undefined where another port would not help. */
  readonly free?: ListenAddress;
}

/** What to tell somebody whose ports could not be opened: each of them, by whom it is held, and the command that works. */
export function takenText(taken: readonly Taken[], command: (free: readonly Taken[]) => string): string {
  const lines = taken.map(
    ({ failure, owner }) =>
      `millrace: cannot listen for ${failure.role.toUpperCase()} on ${place(failure.address)}: ${reason(failure, owner)}.`,
  );
  const free = taken.filter((entry) => entry.free !== undefined);
  if (free.length > 0) lines.push("", free.length === 1 ? "This port is free:" : "These ports are free:", `  ${command(free)}`);
  return `${lines.join("\n")}\n`;
}

function place(address: ListenAddress): string {
  return address.host === undefined ? `port ${address.port}` : formatListen(address);
}

function reason({ code, message }: ListenFailure, owner: PortOwner | undefined): string {
  switch (code) {
    case "EADDRINUSE":
      return owner ? `the port is taken by ${owner.name} (process ${owner.pid})` : "the port is taken by another program";
    case "EACCES":
      return "this user may not open it (ports below 1024 mostly belong to the administrator)";
    case "EADDRNOTAVAIL":
      return "this machine does not have that address";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "there is no host of that name";
    default:
      return message;
  }
}

/** Whether another port would help. */
export function wantsOtherPort(code: string): boolean {
  return code === "EADDRINUSE" || code === "EACCES";
}

/** The next port above that can be opened now and is not among `avoid`; undefined where a hundred are not. */
export async function freeAddress(address: ListenAddress, avoid: ReadonlySet<number>): Promise<ListenAddress | undefined> {
  const first = address.port < 1024 ? address.port + 8000 : address.port + 1;
  for (let port = first; port < Math.min(first + 100, 65536); port++) {
    if (!avoid.has(port) && (await canListen({ ...address, port }))) return { ...address, port };
  }
  return undefined;
}

function canListen(address: ListenAddress): Promise<boolean> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once("error", () => resolve(false));
    probe.listen({ ...address, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
