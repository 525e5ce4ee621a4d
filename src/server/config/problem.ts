/** One mistake in the settings. */
export interface ConfigProblem {
  /** Where it stands, both from 1; undefined for settings that did not come from a file. */
  readonly place?: { readonly line: number; readonly column: number };
  /** The setting's path (`rtmp.port`), "" for the whole file. */
  readonly key: string;
  /** What is wrong and what would be right, without the key. */
  readonly message: string;
}

/** The settings are wrong; `message` lists every problem, one a line, as `file:line:column: key: words`. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly ConfigProblem[];

  constructor(file: string | undefined, problems: readonly ConfigProblem[]) {
    super(problems.map((problem) => describe(file, problem)).join("\n"));
    this.problems = problems;
  }
}

function describe(file: string | undefined, { place, key, message }: ConfigProblem): string {
  const where = [file, place?.line, place?.column].filter((part) => part !== undefined).join(":");
  return [where, key, message].filter((part) => part !== "").join(": ");
}
