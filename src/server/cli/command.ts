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
export function commandWith({ argv, npmScript, program, windows }: Invocation, replaced: ReadonlyMap<string, string>): string {
  // `npm run demo` adds its own --demo before what was typed.
  const own = npmScript === "demo" && argv[0] === "--demo" ? argv.slice(1) : argv;
  const kept: string[] = [];
  for (let index = 0; index < own.length; index++) {
    const [name] = own[index]!.split("=", 1) as [string];
    if (!replaced.has(name)) kept.push(own[index]!);
    else if (!own[index]!.includes("=")) index += 1;
  }
  const added = [...replaced].flat();
  const start = npmScript === "start" ? ["npm", "start", "--"] : npmScript !== undefined ? ["npm", "run", npmScript, "--"] : program;
  return [...start, ...kept, ...added].map((word) => quoted(word, windows)).join(" ");
}

function quoted(word: string, windows: boolean): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return windows ? `"${word.replaceAll('"', '""')}"` : `'${word.replaceAll("'", `'\\''`)}'`;
}
