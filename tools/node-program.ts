import { spawn } from "node:child_process";
import { join } from "node:path";

/** The folder of the clone. */
export const root = join(import.meta.dirname, "..");

interface RunOptions {
  /** Added to our environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** After so long it is interrupted, as by Ctrl-C, and killed 10 s later. Default: never. */
  readonly timeoutMs?: number;
}

/** Runs a script with this Node in the clone's folder, its output on ours. Resolves to its exit code, 1 if a signal ended it. */
export async function runNode(args: readonly string[], { env = {}, timeoutMs }: RunOptions = {}): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, ...env } });
  const timers: NodeJS.Timeout[] = [];
  if (timeoutMs !== undefined) {
    timers.push(setTimeout(() => child.kill("SIGINT"), timeoutMs));
    timers.push(setTimeout(() => child.kill("SIGKILL"), timeoutMs + 10_000));
  }
  child.on("error", reject);
  child.on("exit", (code) => resolve(code ?? 1));
  try {
    return await promise;
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}

/** The script of a command that an npm package brings, `npmScript("knip", "bin/knip.js")`: no shell and no .cmd files, so that it runs alike everywhere. */
export function npmScript(name: string, script: string): string {
  return join(root, "node_modules", name, script);
}
