/** How this process was started, as far as it must be written down again. */
export interface Invocation {
  /** Arguments after the program's name. */
  readonly argv: readonly string[];
  /** The npm script that runs us, if one does. */
  readonly npmScript?: string;
  /** What stands before the arguments where no npm script runs us: `node src/cli.ts`, `millrace`. */
  readonly program: readonly string[];
  readonly windows: boolean;
}

/** The command that starts the same with some flags replaced, ready to paste. */
export function commandWith(invocation: Invocation, replaced: ReadonlyMap<string, string>): string {
  const { argv, npmScript } = invocation;
  // `npm run demo` adds its own --demo before what was typed.
  const own = npmScript === "demo" && argv[0] === "--demo" ? argv.slice(1) : argv;
  const kept: string[] = [];
  for (let index = 0; index < own.length; index++) {
    const [name] = own[index]!.split("=", 1) as [string];
    if (!replaced.has(name)) kept.push(own[index]!);
    else if (!own[index]!.includes("=")) index += 1;
  }
  return line(invocation, [...kept, ...[...replaced].flat()]);
}

/** Another command of the same program that reads the same settings, ready to paste. */
export function commandBeside(invocation: Invocation, words: readonly string[]): string {
  const kept: string[] = [];
  for (const [index, word] of invocation.argv.entries()) {
    if (/^--(config|data)=/.test(word)) kept.push(word);
    else if (/^--(config|data)$/.test(word)) kept.push(...invocation.argv.slice(index, index + 2));
  }
  const { npmScript, ...rest } = invocation;
  return line({ ...rest, ...(npmScript !== undefined && { npmScript: "start" }) }, [...words, ...kept]);
}

function line({ npmScript, program, windows }: Invocation, words: readonly string[]): string {
  const start = npmScript === "start" ? ["npm", "start", "--"] : npmScript !== undefined ? ["npm", "run", npmScript, "--"] : program;
  return [...start, ...words].map((word) => quoted(word, windows)).join(" ");
}

function quoted(word: string, windows: boolean): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return windows ? `"${word.replaceAll('"', '""')}"` : `'${word.replaceAll("'", `'\\''`)}'`;
}
