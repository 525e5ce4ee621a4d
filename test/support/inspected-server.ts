/** The server as people start it, in a process that tells what it holds. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Holdings } from "./inspect-child.ts";
import { RunningProgram } from "./program.ts";

const cli = fileURLToPath(new URL("../../src/cli.ts", import.meta.url));
const inspector = new URL("inspect-child.ts", import.meta.url).href;

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
      // glibc keeps what is freed, in one arena for each thread: told to give it back, RSS says what is held.
      env: { ...process.env, MALLOC_ARENA_MAX: "1", MALLOC_TRIM_THRESHOLD_: "65536" },
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
