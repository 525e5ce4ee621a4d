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

const packageFile = join(root, "package.json");
/** The clone's package.json while the published one lies in its place. */
const keptFile = join(root, ".tmp/package.json");
/** npm does not run `end` where it fails or is killed between; then the file comes back by itself after so many milliseconds. */
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

async function begin(): Promise<void> {
  // npm would find out after it has made the tarball, and then not run `end`.
  accessSync(process.env["npm_config_pack_destination"] ?? root, constants.W_OK);
  await build();
  const manifest = readFileSync(packageFile, "utf8");
  mkdirSync(dirname(keptFile), { recursive: true });
  writeFileSync(keptFile, manifest);
  writeFileSync(packageFile, `${JSON.stringify(publishedManifest(JSON.parse(manifest) as Manifest), undefined, 2)}\n`);
  spawn(process.execPath, [import.meta.filename, "guard"], { cwd: root, detached: true, stdio: "ignore", windowsHide: true }).unref();
}

/** @throws Error if the clone's package.json is in its place already: then the tarball may hold that one */
function end(): void {
  if (!existsSync(keptFile)) throw new Error("packing took too long, the tarball is not to be used: run npm pack again");
  restore();
}

function restore(): void {
  if (existsSync(keptFile)) renameSync(keptFile, packageFile);
}

async function guard(): Promise<void> {
  const deadline = Date.now() + longestPack;
  while (existsSync(keptFile) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 100));
  restore();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const step = { begin, end, restore, guard }[process.argv[2] ?? ""];
  if (step === undefined) throw new Error("usage: node tools/pack.ts begin | end | restore | guard");
  await step();
}
