/**
 * `npm run build`: what the package ships, in dist/. `dist/index.js` and its like are src/ without types, so that `../../assets` and
 * `../../package.json` mean the same in both; `dist/web` are the pages and the player (build-web.ts), `dist/player` the player's types.
 */
import { globSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildWeb } from "./build-web.ts";
import { declarations, Emitted, installedPath } from "./declarations.ts";
import { root } from "./node-program.ts";
import { writeIfChanged } from "./write-if-changed.ts";

/** Builds all of it; what else lies in dist/ goes. @throws Error if the sources do not compile */
export async function build(): Promise<void> {
  using emitted = await Emitted.make();
  const outputs = declarations(emitted);
  for (const path of globSync("src/**/*.js", { cwd: emitted.folder }))
    outputs.set(installedPath(path.replaceAll("\\", "/")), readFileSync(join(emitted.folder, path), "utf8"));
  for (const [path, text] of outputs) writeIfChanged(join(root, path), Buffer.from(text));
  for (const path of globSync("dist/**/*.*", { cwd: root, exclude: ["dist/web"] }))
    if (!outputs.has(path.replaceAll("\\", "/"))) rmSync(join(root, path), { recursive: true, force: true });
  await buildWeb();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await build();
