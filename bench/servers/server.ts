import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The ways of watching that are measured. */
export const Way = { rtmp: "rtmp", httpFlv: "http-flv", wsFlv: "ws-flv", wsMp4: "ws-mp4" } as const;
export type Way = (typeof Way)[keyof typeof Way];

/** A server under test, running. */
export interface RunningServer extends AsyncDisposable {
  readonly pid: number;
  readonly publishUrl: string;
  readonly watchUrl: (way: Way) => string;
}

/** A server that can be measured, and the ways of watching it has. */
export interface MeasuredServer {
  readonly name: string;
  readonly ways: readonly Way[];
  start(cores: string): Promise<RunningServer>;
}

/** A server that can be measured by HLS. `hlsUrl`: of what its players get in fMP4 or MPEG-TS. */
export interface HlsServer {
  readonly name: string;
  start(cores: string): Promise<Omit<RunningServer, "watchUrl"> & { readonly hlsUrl: (format: "fmp4" | "ts") => string }>;
}

/** A port of the loopback interface that is free now. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/**
 * Starts a program pinned to cores, waits until its ports answer, and gives what ends it and removes its folder.
 *
 * @param write makes the files it needs in the folder, and names its arguments
 */
export async function startProgram(
  program: string,
  cores: string,
  ports: readonly number[],
  write: (folder: string) => Promise<readonly string[]>,
): Promise<{ pid: number } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-bench-"));
  const args = await write(folder);
  const child = spawn("taskset", ["-c", cores, program, ...args], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (data: Buffer) => (complaints = (complaints + data.toString()).slice(-2000)));
  const stop = async (): Promise<void> => {
    await ended(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    for (const port of ports) await answering(port, child, () => complaints);
  } catch (error) {
    await stop();
    throw error;
  }
  return { pid: child.pid!, [Symbol.asyncDispose]: stop };
}

async function answering(port: number, child: ChildProcess, complaints: () => string): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}: ${complaints()}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => (socket.destroy(), resolve(true)));
      socket.on("error", () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing answers on port ${port} after 10 s: ${complaints()}`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const hard = setTimeout(() => child.kill("SIGKILL"), 5000);
  await exit;
  clearTimeout(hard);
}
