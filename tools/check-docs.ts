/** Docs against code: what a page lists must be what the code has. To add a check, add it to `checks`. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ProtocolErrorCode } from "../src/bytes/protocol-error.ts";
import { RefusalCode } from "../src/hub/refusal.ts";
import { commands, flags } from "../src/server/cli/commands.ts";
import { parseConfig } from "../src/server/config/load.ts";
import { configReferenceTable } from "../src/server/config/reference.ts";
import { resolveConfig } from "../src/server/config/resolve.ts";
import { root } from "./node-program.ts";

/** A check returns what is wrong, one sentence each. */
type Check = () => string[];

const checks: readonly Check[] = [errorCodes, settings, commandLine, yaml, scripts, links, merges];

/** Prints all that is wrong; resolves to 0 if nothing is. */
export async function checkDocs(): Promise<number> {
  const problems = checks.flatMap((check) => check());
  console.log(problems.length === 0 ? `${checks.length} comparisons, nothing wrong` : problems.join("\n"));
  return problems.length === 0 ? 0 : 1;
}

/** No page was left in the middle of a merge. */
function merges(): string[] {
  const unfinished = [...globSync("*.md", { cwd: root }), ...pages()].filter((page) => /^(<{7}|>{7}) /m.test(text(page)));
  return unfinished.map((page) => `${page} has the marks of a merge that was not finished`);
}

/** docs/errors.md has a table row for every code that a peer or a caller can meet, and for no other. */
function errorCodes(): string[] {
  return compareSets(
    "docs/errors.md",
    firstCells(text("docs/errors.md")),
    [...Object.values(ProtocolErrorCode), ...Object.values(RefusalCode)],
    "error code",
  );
}

/** docs/config.md contains the reference that the schema yields, word for word. */
function settings(): string[] {
  const unpadded = (line: string): string => line.replaceAll(/ +\|/g, " |").replaceAll(/-{3,}/g, "---");
  const documented = new Set(lines(text("docs/config.md")).map(unpadded));
  const missing = lines(configReferenceTable()).filter((line) => !documented.has(unpadded(line)));
  return missing.map((line) => `docs/config.md lacks this line of the settings' table:\n  ${line}`);
}

/** docs/config.md has a table row for every flag and every command, and for no other. */
function commandLine(): string[] {
  const page = "docs/config.md";
  const cells = firstCells(text(page));
  const named = (prefix: string): string[] => cells.filter((cell) => cell.startsWith(prefix)).map((cell) => cell.slice(prefix.length));
  const listed = named("--").map((cell) => `--${cell.split(" ", 1)[0]}`);
  const usages = Object.entries(commands).map(([name, { operands }]) => [name, ...operands].join(" "));
  return [...compareSets(page, listed, Object.keys(flags), "flag"), ...compareSets(page, named("millrace "), usages, "command")];
}

/** Every block of YAML on docs/config.md, and the example file, is a configuration without mistakes. */
function yaml(): string[] {
  const page = "docs/config.md";
  const example = "examples/millrace.yaml";
  const blocks = [...text(page).matchAll(/^```yaml\n(.*?)^```/gms)].map(([, block]) => ({ file: page, block: block! }));
  return [...blocks, { file: example, block: text(example) }].flatMap(({ file, block }) => {
    try {
      const { warnings } = resolveConfig([parseConfig(block, file)]);
      return warnings.map((warning) => `${warning} (in its YAML)`);
    } catch (error) {
      return [`${(error as Error).message} (in its YAML)`];
    }
  });
}

/** Every `npm run NAME` that a page mentions exists. */
function scripts(): string[] {
  const { scripts: existing } = JSON.parse(text("package.json")) as { scripts: Readonly<Record<string, string>> };
  return pages().flatMap((page) =>
    [...text(page).matchAll(/\bnpm run ([a-z][\w:-]*)/g)]
      .map((match) => match[1]!)
      .filter((name) => !(name in existing))
      .map((name) => `${page} says \`npm run ${name}\`, which package.json does not have`),
  );
}

/** Every relative link between pages leads to a file, and every `#heading` in it to a heading. */
function links(): string[] {
  return pages().flatMap((page) =>
    [...text(page).matchAll(/\]\((?![a-z]+:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].flatMap(([, path = "", heading]) => {
      const target = path === "" ? page : join(dirname(page), path);
      if (!existsSync(join(root, target))) return [`${page} links to ${path}, which does not exist`];
      if (heading === undefined || !target.endsWith(".md") || headings(text(target)).has(heading)) return [];
      return [`${page} links to ${path}#${heading}, a heading that does not exist`];
    }),
  );
}

/** The code spans that open the rows of a page's tables. */
export function firstCells(page: string): string[] {
  return lines(page).flatMap((line) => /^\|\s*`([^`]+)`\s*\|/.exec(line)?.[1] ?? []);
}

/** What is listed but not there, and the other way round. */
export function compareSets(page: string, listed: readonly string[], existing: readonly string[], what: string): string[] {
  return [
    ...existing.filter((name) => !listed.includes(name)).map((name) => `${page} does not list the ${what} \`${name}\``),
    ...listed.filter((name) => !existing.includes(name)).map((name) => `${page} lists the ${what} \`${name}\`, which does not exist`),
    ...listed.filter((name, at) => listed.indexOf(name) !== at).map((name) => `${page} lists the ${what} \`${name}\` twice`),
  ];
}

/** The anchors of a page's headings, as GitHub makes them. */
function headings(page: string): Set<string> {
  const titles = lines(page).flatMap((line) => /^#+ (.*)$/.exec(line)?.[1] ?? []);
  return new Set(
    titles.map((title) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

function pages(): string[] {
  return globSync(["*.md", "docs/**/*.md", "examples/**/*.md"], { cwd: root }).sort();
}

function text(path: string): string {
  return existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : "";
}

function lines(page: string): string[] {
  return page.split(/\r?\n/);
}
