/**
 * Bundles web/ into dist/web/: `player.js` (an ES module that a page of any site may import), `player-hls.js` that it loads when it needs it, and every page of web/pages with its script
 * and style. Pages import the player as `./player.js`, so that a browser loads it once.
 */
import { existsSync, globSync, readFileSync, rmSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import type { BuildOptions, OutputFile, Plugin } from "esbuild";
import { build } from "esbuild";
import { root } from "./node-program.ts";
import { writeIfChanged } from "./write-if-changed.ts";

/** One file written. */
export interface WebAsset {
  /** Relative to the output folder, with `/`. */
  readonly path: string;
  readonly bytes: number;
  readonly gzippedBytes: number;
}

const playerEntry = join(root, "web/player/index.ts");
const hlsEntry = join(root, "web/hls/index.ts");
const pages = join(root, "web/pages");

const options = {
  bundle: true,
  write: false,
  format: "esm",
  platform: "browser",
  target: "es2022",
  minify: true,
  sourcemap: "linked",
  legalComments: "linked",
  absWorkingDir: root,
  logLevel: "warning",
} satisfies BuildOptions;

/** What the licence of hls.js wants to be told along with it. */
const hlsNotice =
  "/*! With hls.js, https://github.com/video-dev/hls.js: Copyright (c) 2017 Dailymotion, parts Copyright (c) 2013-2015 Brightcove; Apache License 2.0 */";

/** Builds all that is there into `folder`, which is its own: anything else in it is removed. Throws when something does not bundle. */
export async function buildWeb(folder = join(root, "dist/web")): Promise<WebAsset[]> {
  const outputs = new Map<string, Uint8Array>();
  const [player, scripts] = await Promise.all([buildPlayer(folder), buildPages(folder)]);
  for (const file of [...player, ...scripts]) outputs.set(relative(folder, file.path), file.contents);
  for (const [path, contents] of pageFiles()) outputs.set(path, contents);
  for (const [path, contents] of outputs) writeIfChanged(join(folder, path), contents);
  for (const path of globSync("**/*.*", { cwd: folder }))
    if (!outputs.has(path)) rmSync(join(folder, path), { recursive: true, force: true });
  return [...outputs].map(([path, contents]) => ({
    path: path.replaceAll("\\", "/"),
    bytes: contents.length,
    gzippedBytes: gzipSync(contents, { level: 9 }).length,
  }));
}

async function buildPlayer(folder: string): Promise<OutputFile[]> {
  if (!existsSync(playerEntry)) return [];
  const [player, hls] = await Promise.all([
    build({ ...options, entryPoints: [playerEntry], outfile: join(folder, "player.js"), plugins: [hlsFromItsOwnFile] }),
    // Nearly all of it is not ours to debug, and its map is larger than all the rest.
    build({ ...options, sourcemap: false, banner: { js: hlsNotice }, entryPoints: [hlsEntry], outfile: join(folder, "player-hls.js") }),
  ]);
  return [...player.outputFiles, ...hls.outputFiles];
}

/** A script is an entry if a page names it, `watch.ts` as `watch.js`; so is every style sheet beside the pages. */
async function buildPages(folder: string): Promise<OutputFile[]> {
  if (!existsSync(pages)) return [];
  const html = globSync("*.html", { cwd: pages }).map((name) => readFileSync(join(pages, name), "utf8"));
  const isNamed = (script: string): boolean => html.some((text) => new RegExp(`\\b${basename(script, ".ts")}\\.js\\b`).test(text));
  const entries = [...globSync("*.ts", { cwd: pages }).filter(isNamed), ...globSync("*.css", { cwd: pages })];
  if (entries.length === 0) return [];
  const result = await build({
    ...options,
    entryPoints: entries.map((name) => join(pages, name)),
    outdir: folder,
    splitting: true,
    chunkNames: "shared-[hash]",
    plugins: [playerFromItsOwnFile],
  });
  return result.outputFiles;
}

const hlsFromItsOwnFile: Plugin = {
  name: "hls-from-its-own-file",
  setup(esbuild) {
    esbuild.onResolve({ filter: /hls\/index\.ts$/ }, ({ path, resolveDir }) =>
      resolve(resolveDir, path) === hlsEntry ? { path: "./player-hls.js", external: true } : undefined,
    );
  },
};

const playerFromItsOwnFile: Plugin = {
  name: "player-from-its-own-file",
  setup(esbuild) {
    esbuild.onResolve({ filter: /player\/index\.ts$/ }, ({ path, resolveDir }) =>
      resolve(resolveDir, path) === playerEntry ? { path: "./player.js", external: true } : undefined,
    );
  },
};

/** Pages, and the pictures beside them and in assets/, as they are. */
function* pageFiles(): Generator<[path: string, contents: Uint8Array]> {
  for (const folder of [join(root, "assets"), pages]) {
    const names = existsSync(folder) ? globSync("*.{html,svg,png,ico,webmanifest}", { cwd: folder }) : [];
    for (const name of names) yield [name, readFileSync(join(folder, name))];
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const started = performance.now();
  const assets = await buildWeb();
  const shown = assets.filter((asset) => !asset.path.endsWith(".map"));
  const sizes = shown.map((asset) => `${asset.path} ${(asset.gzippedBytes / 1000).toFixed(1)} kB`).join(", ");
  console.log(`Web assets in ${Math.round(performance.now() - started)} ms, gzipped: ${sizes || "none"}`);
}
