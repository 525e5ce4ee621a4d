/**
 * Makes `npm pack` in a clone yield the package and nothing of the clone. npm packs the package.json it finds, and ours is the clone's,
 * with scripts, a workspace that brings Node and the tools of the tests. So npm runs `begin` before it reads the file, which builds and
 * puts the published one in its place, and `end` afterwards, which puts the clone's back. `restore` does so by hand.
 */
import { spawn } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "./build.ts";
import { root } from "./node-program.ts";

/** npm does not run `end` where it fails or is killed between; then the clone's file comes back by itself after so many milliseconds. */
const longestPack = 60_000;

type Manifest = Readonly<Record<string, unknown>>;

/** What is of use in a clone only. */
const ofTheClone = new Set(["private", "workspaces", "scripts", "devDependencies", "allowScripts"]);

/** The package.json that is published, made of the clone's. */
export function publishedManifest(manifest: Manifest): Manifest {
  const kept = Object.entries(manifest).filter(([key]) => !ofTheClone.has(key));
  return {
    ...Object.fromEntries(kept),
    // Our declarations name Node's types. A range, since two versions of them in one program contradict each other.
    dependencies: { ...(manifest["dependencies"] as Manifest), "@types/node": ">=24" },
    engines: { node: ">=24" },
  };
}

/** A clone's package.json, and where it is kept while the published one lies in its place. */
export class CloneManifest {
  readonly #file: string;
  readonly #kept: string;

  constructor(folder: string) {
    this.#file = join(folder, "package.json");
    this.#kept = join(folder, ".tmp/package.json");
  }

  get isReplaced(): boolean {
    return existsSync(this.#kept);
  }

  replace(): void {
    const manifest = readFileSync(this.#file, "utf8");
    mkdirSync(dirname(this.#kept), { recursive: true });
    writeFileSync(this.#kept, manifest);
    writeFileSync(this.#file, `${JSON.stringify(publishedManifest(JSON.parse(manifest) as Manifest), undefined, 2)}\n`);
  }

  restore(): void {
    if (this.isReplaced) renameSync(this.#kept, this.#file);
  }

  /** Resolves when the clone's is back, which it is after `ms` milliseconds at the latest. */
  async restoreWithin(ms: number): Promise<void> {
    const deadline = Date.now() + ms;
    while (this.isReplaced && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 100));
    this.restore();
  }
}

async function begin(manifest: CloneManifest): Promise<void> {
  // npm would find out after it has made the tarball, and then not run `end`.
  accessSync(process.env["npm_config_pack_destination"] ?? root, constants.W_OK);
  await build();
  manifest.replace();
  spawn(process.execPath, [import.meta.filename, "guard"], { cwd: root, detached: true, stdio: "ignore", windowsHide: true }).unref();
}

/** @throws Error if the clone's package.json is in its place already: then the tarball may hold that one */
function end(manifest: CloneManifest): void {
  if (!manifest.isReplaced) throw new Error("packing took too long, the tarball is not to be used: run npm pack again");
  manifest.restore();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const manifest = new CloneManifest(root);
  const steps: Readonly<Record<string, () => void | Promise<void>>> = {
    begin: () => begin(manifest),
    end: () => end(manifest),
    restore: () => manifest.restore(),
    guard: () => manifest.restoreWithin(longestPack),
  };
  const step = steps[process.argv[2] ?? ""];
  if (step === undefined) throw new Error(`usage: node tools/pack.ts ${Object.keys(steps).join(" | ")}`);
  await step();
}
