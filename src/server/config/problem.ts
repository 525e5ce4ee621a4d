/** Where a setting stands: in a file, in a variable of the environment or in a flag. */
export interface SettingPlace {
  readonly kind: "file" | "variable" | "flag";
  /** The file's, the variable's or the flag's name. */
  readonly name: string;
  /** In a file, both from 1. */
  readonly line?: number;
  readonly column?: number;
}

/** One mistake in the settings. */
export interface ConfigProblem {
  /** Undefined for settings that a program passed. */
  readonly place?: SettingPlace;
  /** The setting's path (`rtmp.port`), "" for the whole file. */
  readonly key: string;
  /** What is wrong and what would be right, without the key. Never holds the value of a secret. */
  readonly message: string;
}

/** The settings are wrong; `message` lists every problem, one a line, as `describeProblem` words it. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(describeProblem).join("\n"));
    this.problems = problems;
  }
}

/** `file:line:column: key: words`, `MILLRACE_VARIABLE: words`, `--flag: words` or `key: words`. */
export function describeProblem({ place, key, message }: ConfigProblem): string {
  const names = place && place.kind !== "file" ? [] : [key];
  return [place ? describePlace(place) : "", ...names, message].filter((part) => part !== "").join(": ");
}

/** `file:line:column`, or the name of a variable or a flag. */
export function describePlace({ name, line, column }: SettingPlace): string {
  return [name, line, column].filter((part) => part !== undefined).join(":");
}
