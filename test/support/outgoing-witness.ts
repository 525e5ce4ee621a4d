/**
 * Loaded into a process by `--import`: has it say on its standard error when it begins to talk to somebody by itself: a
 * connection, a question to DNS, a UDP socket, another process or a thread, by whatever API. Node makes one of these
 * resources for each, below all of them; only a process that is waited for has none.
 */
import { createHook } from "node:async_hooks";
import childProcess from "node:child_process";
import { writeSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const outgoing: ReadonlySet<string> = new Set([
  "TCPCONNECTWRAP",
  "PIPECONNECTWRAP",
  "UDPWRAP",
  "GETADDRINFOREQWRAP",
  "GETNAMEINFOREQWRAP",
  "QUERYWRAP",
  "PROCESSWRAP",
  "WORKER",
]);

function tell(what: string): void {
  writeSync(2, `outgoing ${what}\n`);
}

createHook({
  init(_id, type) {
    if (outgoing.has(type)) tell(type);
  },
}).enable();

for (const name of ["spawnSync", "execSync", "execFileSync"] as const) {
  const original = childProcess[name] as (...args: unknown[]) => unknown;
  Reflect.set(childProcess, name, (...args: unknown[]) => {
    tell(name);
    return original(...args);
  });
}
syncBuiltinESMExports();
writeSync(2, "the witness watches\n");
