import { spawn } from "node:child_process";
import { join } from "node:path";

/** The folder of the clone. */
export const root = join(import.meta.dirname, "..");

/** Runs a script with this Node in the clone's folder, its output on ours. Resolves to its exit code, 1 if a signal ended it. */
export async function runNode(args: readonly string[]): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  child.on("error", reject);
  child.on("exit", (code) => resolve(code ?? 1));
  return promise;
}

/** The script of a command that an npm package brings, `npmScript("knip", "bin/knip.js")`: no shell and no .cmd files, so that it runs alike everywhere. */
export function npmScript(name: string, script: string): string {
  return join(root, "node_modules", name, script);
}
