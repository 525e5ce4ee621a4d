import { readdir, readFile, readlink } from "node:fs/promises";

/** The process that listens on a port. */
export interface PortOwner {
  readonly pid: number;
  /** The program, with its script where it is an interpreter. */
  readonly name: string;
}

/**
 * Who listens on a TCP port, where the system tells: Linux, for processes that this user may look into (proc(5),
 * /proc/net/tcp). Undefined elsewhere and where it is not known; never fails.
 */
export async function portOwner(port: number): Promise<PortOwner | undefined> {
  const inodes = new Set<string>();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const inode of listeningInodes(await readFile(table, "utf8").catch(() => ""), port)) inodes.add(inode);
  }
  if (inodes.size === 0) return undefined;
  for (const pid of (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name))) {
    if (await holdsSocket(pid, inodes)) {
      const comm = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
      const words = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
      return { pid: Number(pid), name: programName(words) || comm.trim() };
    }
  }
  return undefined;
}

/** A command line cut to the program and, for an interpreter, its script; what follows may hold secrets. */
export function programName([program = "", first = ""]: readonly string[]): string {
  const name = program.slice(program.lastIndexOf("/") + 1);
  const isInterpreter = /^(node|python|perl|ruby|java|bun|deno|bash|sh)[\d.]*$/.test(name);
  return isInterpreter && first !== "" && !first.startsWith("-") ? `${name} ${first}` : name;
}

/** Inodes of the sockets of a /proc/net/tcp table that listen (state 0A) on a port. */
export function listeningInodes(table: string, port: number): string[] {
  const rows = table.split("\n").map((line) => line.trim().split(/\s+/));
  return rows.filter((row) => row[3] === "0A" && Number.parseInt(row[1]?.split(":")[1] ?? "", 16) === port).map((row) => row[9]!);
}

async function holdsSocket(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
    const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => "");
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}
