import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { setPriority } from "node:os";
import { join } from "node:path";

/** Where a program is looked for that has a name only. Nothing of this process's environment reaches it. */
const folders = ["/usr/local/bin", "/usr/bin", "/bin", "/opt/homebrew/bin"] as const;

/** The whole environment of FFmpeg: our own has secrets in it. */
const environment = { PATH: folders.join(":"), LC_ALL: "C" } as const;

/** Characters of what FFmpeg says that are kept. */
const LONGEST_WORDS = 2000;

/** The path of a program; undefined where it is not installed. @param name a name, or a path */
export async function findProgram(name: string): Promise<string | undefined> {
  const candidates = name.includes("/") ? [name] : folders.map((folder) => join(folder, name));
  for (const path of candidates) {
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}

/** How a program ended: `code` is null where it was killed or could not be started. */
export interface ProgramEnd {
  readonly code: number | null;
  /** The end of what it said on standard error, in one line. */
  readonly words: string;
}

/** FFmpeg as a child process: bytes go in, bytes come out, what it says is kept in bounds. */
export class FfmpegProgram {
  readonly stdin: ChildProcessWithoutNullStreams["stdin"];
  readonly stdout: ChildProcessWithoutNullStreams["stdout"];
  /** Resolves when it has ended and all it wrote was read. Never rejects. */
  readonly ended: Promise<ProgramEnd>;
  readonly #child: ChildProcessWithoutNullStreams;
  #words = "";

  /** @param nice how much others go first, 0 to 19 */
  constructor(path: string, args: readonly string[], nice: number) {
    const child = spawn(path, args, { stdio: ["pipe", "pipe", "pipe"], env: environment, cwd: "/", windowsHide: true });
    this.#child = child;
    this.stdin = child.stdin;
    this.stdout = child.stdout;
    // It may end while it is written to: `ended` tells.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on("error", () => undefined);
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#words = (this.#words + text).slice(-LONGEST_WORDS);
    });
    this.ended = new Promise((resolve) => {
      child.once("error", ({ message }) => resolve({ code: null, words: message }));
      child.once("close", (code) => resolve({ code, words: this.#words.trim().replaceAll(/\s*\n\s*/g, "; ") }));
    });
    if (child.pid !== undefined && nice > 0) lower(child.pid, nice);
  }

  /** Ends it at once. */
  kill(): void {
    this.#child.kill("SIGKILL");
    // Whoever it started and left behind may hold on to its pipes: its end is its own all the same.
    for (const stream of [this.stdin, this.stdout, this.#child.stderr]) stream.destroy();
  }
}

function lower(pid: number, nice: number): void {
  try {
    setPriority(pid, nice);
  } catch {
    // It has ended already, or the system does not allow it: then it runs like everybody else.
  }
}
