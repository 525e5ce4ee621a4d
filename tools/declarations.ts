/** The type declarations of the package, made by TypeScript and put where they are installed. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { npmScript, root, runNode } from "./node-program.ts";

/** What TypeScript made of src/ and web/player/, in a folder that goes away with it. */
export class Emitted implements Disposable {
  /** Its files lie as their sources do: `src/index.js`, `web/player/index.d.ts`. */
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Runs TypeScript, what it says on our output. @throws Error if the sources do not compile */
  static async make(...options: readonly string[]): Promise<Emitted> {
    const emitted = new Emitted(mkdtempSync(join(tmpdir(), "millrace-build-")));
    const code = await runNode([npmScript("typescript", "bin/tsc"), "-p", "tsconfig.build.json", "--outDir", emitted.folder, ...options]);
    if (code === 0) return emitted;
    emitted[Symbol.dispose]();
    throw new Error("the sources do not compile");
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A way into the package. */
export interface EntryPoint {
  /** As it is imported, `millrace/flv`. */
  readonly name: string;
  /** Where its declarations are installed, `dist/containers/flv/index.d.ts`. */
  readonly types: string;
}

/** What package.json exports, in its order. */
export function entryPoints(): EntryPoint[] {
  const { name, exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    readonly name: string;
    readonly exports: Readonly<Record<string, string | { readonly types: string }>>;
  };
  return Object.entries(exports).flatMap(([path, target]) =>
    typeof target === "string" ? [] : [{ name: posix.join(name, path), types: posix.normalize(target.types) }],
  );
}

/** The folders of sources by where they are installed; the longest that fits counts. */
const places: readonly (readonly [source: string, installed: string])[] = [
  ["src/", "dist/"],
  ["web/player/", "dist/player/"],
  ["web/frameworks/", "dist/frameworks/"],
];

/** Where what was made of a source is installed: `src/hub/hub.d.ts` as `dist/hub/hub.d.ts`. */
export function installedPath(path: string): string {
  const place = places.find(([source]) => path.startsWith(source));
  if (place === undefined) throw new Error(`${path} is not part of the package`);
  return place[1] + path.slice(place[0].length);
}

/** The other way round: `dist/player/index.d.ts` comes from `web/player/index.d.ts`. */
function sourcePath(path: string): string {
  const place = places.findLast(([, installed]) => path.startsWith(installed));
  if (place === undefined) throw new Error(`${path} is not built from a source`);
  return place[0] + path.slice(place[1].length);
}

/** TypeScript leaves `.ts` in the relative imports of declarations; the installed files end in `.js`. */
const relativeImport = /(\bfrom |\bimport\(|\bimport )"(\.{1,2}\/[^"]+)\.ts"/g;

/** All declarations that the entry points lead to, by the path where they are installed. Others are nobody's business. */
export function declarations({ folder }: Emitted): Map<string, string> {
  const found = new Map<string, string>();
  const waiting = entryPoints().map(({ types }) => sourcePath(types));
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const installed = installedPath(path);
    if (found.has(installed)) continue;
    // What is a declaration already is nothing that TypeScript makes.
    const file = [folder, root].map((from) => join(from, path)).find((each) => existsSync(each));
    if (file === undefined) throw new Error(`package.json exports ${installed}, but there is no ${path}`);
    const here = posix.dirname(path);
    const text = readFileSync(file, "utf8").replaceAll(relativeImport, (_, keyword: string, specifier: string) => {
      const target = posix.join(here, specifier);
      waiting.push(`${target}.d.ts`);
      const way = posix.relative(posix.dirname(installed), installedPath(target));
      return `${keyword}"${way.startsWith(".") ? way : `./${way}`}.js"`;
    });
    found.set(installed, text);
  }
  return found;
}
