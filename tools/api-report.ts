/**
 * `npm run api-report` writes docs/api-report.md: everything the package exports, with the types that lead there, out of the declarations
 * that are installed. The gate compares, so that no change of the public surface goes unseen.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Declaration, DeclarationFile, Origin } from "./declaration-file.ts";
import { namesIn, readDeclarationFile } from "./declaration-file.ts";
import type { EntryPoint } from "./declarations.ts";
import { declarations, Emitted, entryPoints } from "./declarations.ts";
import { root } from "./node-program.ts";

const page = join(root, "docs/api-report.md");

const preamble = `# API report

Written by \`npm run api-report\` from the type declarations of the package; \`npm run check\` fails where it is not current. What
is under an entry point can be imported from there. What is under "Not exported" only has a shape: it may be used where it is
given, and is under the same rules ([versioning](versioning.md)). \`#private\` members are left out.
`;

/** The report of a package whose declarations are given by path. @throws Error if an export leads nowhere or has no doc comment */
export function apiReport(files: ReadonlyMap<string, string>, entries: readonly EntryPoint[]): string {
  const surface = new Surface(files, entries);
  const sections = entries.map((entry) => surface.section(entry));
  return [preamble, ...sections, surface.notExported()].join("\n");
}

class Surface {
  readonly #sources: ReadonlyMap<string, string>;
  readonly #entries: readonly EntryPoint[];
  readonly #files = new Map<string, DeclarationFile>();
  /** Where a declaration is written out, by file and name. */
  readonly #written = new Map<string, string>();
  /** Declarations that were written and whose names have not been followed. */
  readonly #toFollow: Declaration[] = [];
  /** Exported without a doc comment. */
  readonly #undocumented: string[] = [];

  constructor(sources: ReadonlyMap<string, string>, entries: readonly EntryPoint[]) {
    this.#sources = sources;
    this.#entries = entries;
  }

  /** One entry point; what an earlier one has is only named. */
  section({ name: entry, types }: EntryPoint): string {
    const file = this.#file(types);
    const lines: string[] = [];
    const elsewhere = file.passedOn.map((path) => this.#entryOf(path));
    for (const name of [...file.exported.keys()].toSorted()) {
      const found = this.#resolve(file.exported.get(name)!);
      if (found === undefined) throw new Error(`${entry} exports ${name}, which is not declared in this package`);
      const at = this.#written.get(keyOf(found[0]!));
      if (at !== undefined) elsewhere.push(`\`${name}\` (${at})`);
      else {
        lines.push(...this.#write(found, `\`${entry}\``, name));
        if (found.every(({ doc }) => doc === "")) this.#undocumented.push(`${name} (${found[0]!.file})`);
      }
    }
    const globals = file.globals.map(({ text }) => text);
    const also = elsewhere.length > 0 ? `\nAlso ${elsewhere.join(", ")}.\n` : "";
    return `## \`${entry}\`\n\n${block([...lines, ...globals])}${also}`;
  }

  /** The entry point whose exports another one passes on as its own. */
  #entryOf(path: string): string {
    const entry = this.#entries.find(({ types }) => types === path);
    if (entry === undefined) throw new Error(`export * from ${path}, which is no entry point`);
    return `all of \`${entry.name}\``;
  }

  /** What the entry points lead to without exporting it. Comes last. */
  notExported(): string {
    const found: (readonly [name: string, lines: string[]])[] = [];
    for (let from = this.#toFollow.pop(); from !== undefined; from = this.#toFollow.pop()) {
      const names = namesIn(from.text);
      for (const name of names) {
        const next = this.#resolve({ file: from.file, name });
        if (next === undefined || this.#written.has(keyOf(next[0]!))) continue;
        found.push([keyOf(next[0]!), this.#write(next, "not exported", name)]);
      }
    }
    if (this.#undocumented.length > 0) throw new Error(`exported without a doc comment: ${this.#undocumented.join(", ")}`);
    // By file and name, so that the order does not depend on who leads to whom.
    return `## Not exported\n\n${block(found.toSorted(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, lines]) => lines))}`;
  }

  #write(found: readonly Declaration[], where: string, name: string): string[] {
    this.#written.set(keyOf(found[0]!), where);
    this.#toFollow.push(...found);
    return found.map(({ doc, text, name: own }) => {
      const renamed = own === name ? text : `${text} // as ${name}`;
      return [doc, renamed].filter((part) => part !== "").join("\n");
    });
  }

  /** The declarations that a name stands for; undefined where it is none of the package's. */
  #resolve({ file: path, name }: Origin): readonly Declaration[] | undefined {
    if (path === undefined) return undefined;
    const file = this.#file(path);
    const own = file.declared.get(name);
    if (own !== undefined) return own;
    const next = file.imported.get(name) ?? file.exported.get(name);
    return next === undefined || (next.file === path && next.name === name) ? undefined : this.#resolve(next);
  }

  #file(path: string): DeclarationFile {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const source = this.#sources.get(path);
    if (source === undefined) throw new Error(`there is no ${path}`);
    const file = readDeclarationFile(path, source);
    this.#files.set(path, file);
    return file;
  }
}

function keyOf({ file, name }: Declaration): string {
  return `${file} ${name}`;
}

function block(declared: readonly string[]): string {
  if (declared.length === 0) return "";
  return `\`\`\`ts\n${declared.map((text) => text.replaceAll(/^ *#private;\n/gm, "")).join("\n\n")}\n\`\`\`\n`;
}

async function currentReport(): Promise<string> {
  using emitted = await Emitted.make("--emitDeclarationOnly");
  return apiReport(declarations(emitted), entryPoints());
}

/** For the gate: prints where the page is not what the package exports; resolves to 0 if it is. */
export async function checkApiReport(): Promise<number> {
  const written = readFileSync(page, "utf8").split(/\r?\n/);
  const current = (await currentReport()).split("\n");
  const at = current.findIndex((line, index) => line !== written[index]);
  if (at < 0 && written.length === current.length) return 0;
  const line = at < 0 ? current.length : at;
  console.log(`docs/api-report.md:${line + 1} has\n  ${written[line] ?? ""}\nwhere the package has\n  ${current[line] ?? ""}`);
  console.log("If the change of the public surface is meant (docs/versioning.md), `npm run api-report` writes the page anew.");
  return 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) writeFileSync(page, await currentReport());
