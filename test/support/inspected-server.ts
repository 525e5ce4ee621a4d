/** The server as people start it, in a process that tells what it holds. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Holdings } from "./inspect-child.ts";
import { programPath, RunningProgram } from "./program.ts";

const cli = fileURLToPath(new URL("../../src/cli.ts", import.meta.url));
const inspector = new URL("inspect-child.ts", import.meta.url).href;

/**
 * The environment of a process whose RSS says what is held. The allocator of glibc keeps the pages of freed blocks wherever one
 * that is still in use lies behind them: which of them that are is luck, and takes or gives 3 MB from one look to the next.
 * This one gives every page back as soon as nothing is on it.
 */
function givesBack(): NodeJS.ProcessEnv {
  const preload = process.platform === "darwin" ? "DYLD_INSERT_LIBRARIES" : "LD_PRELOAD";
  return { [preload]: programPath("jemalloc"), MALLOC_CONF: "dirty_decay_ms:0,muzzy_decay_ms:0,narenas:1,tcache:false" };
}

export class InspectedServer implements AsyncDisposable {
  readonly program: RunningProgram;
  readonly rtmp: number;
  readonly http: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, program: RunningProgram, ports: { readonly rtmp: number; readonly http: number }) {
    this.#child = child;
    this.program = program;
    this.rtmp = ports.rtmp;
    this.http = ports.http;
  }

  /** Resolves when it listens, on free ports of the loopback, with the settings it has by itself. */
  static async start(): Promise<InspectedServer> {
    const execArgv = ["--expose-gc", "--import", inspector];
    const child = fork(cli, ["--rtmp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--no-auth"], {
      execArgv,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: { ...process.env, ...givesBack() },
    });
    const program = new RunningProgram("millrace", child, {});
    const port = async (role: string) => Number((await program.said(new RegExp(`"port":(\\d+),"msg":"listening for ${role}"`)))[1]);
    return new InspectedServer(child, program, { rtmp: await port("RTMP"), http: await port("HTTP") });
  }

  /** What it holds now, after a garbage collection. */
  async holdings(): Promise<Holdings> {
    const answer = once(this.#child, "message");
    this.#child.send("holdings");
    return ((await answer) as [Holdings])[0];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.program[Symbol.asyncDispose]();
  }
}
