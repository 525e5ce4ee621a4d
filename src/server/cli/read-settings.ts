import { type Environment, readEnvironment } from "../config/environment.ts";
import { loadConfig } from "../config/load.ts";
import { ConfigError, type ConfigProblem, describeProblem } from "../config/problem.ts";
import { type Resolved, resolveConfig } from "../config/resolve.ts";
import { programSource, singleSettings, type Source } from "../config/source.ts";
import { presetFolders, readFfserverConf } from "../ffserver/conf-file.ts";
import { confSource } from "../ffserver/conf-settings.ts";
import type { Arguments } from "./arguments.ts";

/**
 * The settings that a process was started with: a flag goes before a variable, a variable before the file, the file before
 * the default. @throws ConfigError naming every mistake, wherever it stands
 */
export async function readSettings(
  { config, ffserver, settings }: Pick<Arguments, "config" | "ffserver" | "settings">,
  environment: Environment,
): Promise<Resolved> {
  const variables = await readEnvironment(environment);
  const problems: ConfigProblem[] = [...variables.problems];
  const conf = ffserver === undefined ? undefined : await confOf(ffserver, environment, problems);
  const file = conf?.source ?? (await fileSource(config ?? variables.file, problems));
  const resolved = resolveConfig([singleSettings(settings), variables.source, file], problems);
  return { ...resolved, warnings: [...variables.warnings, ...(conf?.warnings ?? []), ...resolved.warnings] };
}

/** An ffserver.conf in the place of a file of ours. */
async function confOf(
  file: string,
  environment: Environment,
  problems: ConfigProblem[],
): Promise<{ readonly source: Source; readonly warnings: readonly string[] }> {
  try {
    const parsed = await readFfserverConf(file, presetFolders(environment));
    return { source: confSource(parsed), warnings: parsed.notes.warnings.map(describeProblem) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    return { source: programSource({}), warnings: [] };
  }
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
