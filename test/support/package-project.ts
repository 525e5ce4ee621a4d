/** The package as it is installed: packed from this clone, in a project that has nothing else. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { root } from "../../tools/node-program.ts";
import { type Finished, run, type RunningProgram, start } from "./program.ts";

/** A folder outside of the clone, with a package.json and what npm puts there. */
export class Project implements Disposable {
  readonly folder: string;

  constructor(name: string) {
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), `millrace-${name}-`)));
    this.write("package.json", JSON.stringify({ name, private: true }));
  }

  /** A copy of an example of the clone's, as somebody has it who takes it for a beginning. */
  static ofExample(name: string): Project {
    const project = new Project(`${name}-example`);
    const from = join(root, "examples", name);
    cpSync(from, project.folder, { recursive: true, filter: (path) => !/[/\\](node_modules|dist|\.next)$/.test(path) });
    return project;
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  write(name: string, text: string): string {
    const file = this.path(name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  remove(file: string): void {
    rmSync(file);
  }

  /** Runs npm to its end. Throws with what it said if it fails. */
  npm(...args: readonly string[]): Promise<Finished> {
    return run(process.execPath, [npmProgram("npm"), ...args], { cwd: this.folder, env: environment });
  }

  /** Runs a script, or whatever else Node takes, to its end. */
  node(...args: readonly string[]): Promise<Finished> {
    return run(process.execPath, args, { cwd: this.folder, env: environment });
  }

  startNode(...args: readonly string[]): RunningProgram {
    return this.startNodeWith({}, ...args);
  }

  /** The same with variables of its own. */
  startNodeWith(variables: Readonly<Record<string, string>>, ...args: readonly string[]): RunningProgram {
    return start(process.execPath, args, { cwd: this.folder, env: { ...environment, ...variables }, stopSignal: "SIGTERM" });
  }

  startNpx(...args: readonly string[]): RunningProgram {
    return start(process.execPath, [npmProgram("npx"), ...args], { cwd: this.folder, env: environment, stopSignal: "SIGTERM" });
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What npm starts finds this Node first, whatever the system has; tests in the project are no part of ours. */
const environment = { NODE_TEST_CONTEXT: "", PATH: [dirname(realpathSync(process.execPath)), process.env["PATH"] ?? ""].join(delimiter) };

/** `npm pack` in the clone. @returns the tarball's path and what npm says of it */
export async function packInto(folder: string): Promise<{ readonly tarball: string; readonly size: number }> {
  const args = [npmProgram("npm"), "pack", "--json", "--foreground-scripts=false", "--pack-destination", folder];
  const { stdout } = await run(process.execPath, args, { cwd: root, env: environment });
  const [packed] = JSON.parse(stdout.toString("utf8")) as [{ readonly filename: string; readonly size: number }];
  return { tarball: join(folder, packed.filename), size: packed.size };
}

/** The script of `npm` or `npx`, beside the npm that runs the tests. */
function npmProgram(name: "npm" | "npx"): string {
  const npm = process.env["npm_execpath"];
  const script = npm === undefined ? undefined : join(dirname(npm), `${name}-cli.js`);
  if (script === undefined || !existsSync(script)) throw new Error("run the tests through npm: npm run test:slow");
  return script;
}
