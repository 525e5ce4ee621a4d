/** The server as people start it: a process of its own. */
import { fileURLToPath } from "node:url";
import type { RunningProgram, StartOptions } from "./program.ts";
import { start } from "./program.ts";

const cli = fileURLToPath(new URL("../../src/cli.ts", import.meta.url));

export interface ServerProgram extends AsyncDisposable {
  readonly program: RunningProgram;
  readonly rtmp: number;
  readonly http: number;
}

interface ServerStart extends StartOptions {
  /** Flags of Node itself. */
  readonly node?: readonly string[];
}

/** Starts `node src/cli.ts` on free ports of the loopback, where everybody may publish. Resolves when it listens on both. */
export function startServer(...args: readonly string[]): Promise<ServerProgram> {
  return startServerWith({}, "--no-auth", ...args);
}

/** The same in surroundings of the test's choice, and with keys unless the arguments say otherwise. */
export async function startServerWith({ node = [], ...options }: ServerStart, ...args: readonly string[]): Promise<ServerProgram> {
  const program = start(process.execPath, [...node, cli, "--rtmp", "127.0.0.1:0", "--http", "127.0.0.1:0", ...args], options);
  const port = async (role: string) => Number((await program.said(new RegExp(`"port":(\\d+),"msg":"listening for ${role}"`)))[1]);
  const [rtmp, http] = [await port("RTMP"), await port("HTTP")];
  return { program, rtmp, http, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}
