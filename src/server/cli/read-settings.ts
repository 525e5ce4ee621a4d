import { type Environment, readEnvironment } from "../config/environment.ts";
import { loadConfig } from "../config/load.ts";
import { ConfigError, type ConfigProblem } from "../config/problem.ts";
import { type Resolved, resolveConfig } from "../config/resolve.ts";
import { programSource, singleSettings, type Source } from "../config/source.ts";
import type { Arguments } from "./arguments.ts";

/**
 * The settings that a process was started with: a flag goes before a variable, a variable before the file, the file before
 * the default. @throws ConfigError naming every mistake, wherever it stands
 */
export async function readSettings(
  { config, settings }: Pick<Arguments, "config" | "settings">,
  environment: Environment,
): Promise<Resolved> {
  const variables = await readEnvironment(environment);
  const problems: ConfigProblem[] = [...variables.problems];
  const sources = [singleSettings(settings), variables.source, await fileSource(config ?? variables.file, problems)];
  const resolved = resolveConfig(sources, problems);
  return { ...resolved, warnings: [...variables.warnings, ...resolved.warnings] };
}

/** A file that cannot be read counts as empty; why, is added to the problems. */
async function fileSource(file: string | undefined, problems: ConfigProblem[]): Promise<Source> {
  if (file === undefined) return programSource({});
  try {
    return await loadConfig(file);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    return programSource({});
  }
}
