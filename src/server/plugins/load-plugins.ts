import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { PluginSetting } from "../config/plugin-list.ts";
import type { ConfigProblem, SettingPlace } from "../config/problem.ts";
import type { Effective } from "../config/resolve.ts";
import { type GivenPlugin, type ReadyPlugin, readyPlugins } from "./plugin-entries.ts";

/**
 * Loads the plug-ins that the settings name and reads their options. Their modules run.
 *
 * @param effective the settings, with where each is from: files are relative to the file that names them, else to the working directory
 * @throws ConfigError naming every mistake with its place
 */
export async function loadPlugins(effective: readonly Effective[]): Promise<ReadyPlugin[]> {
  const { value, place, placeOf } = effective.find(({ setting }) => setting.key === "plugins")!;
  const folder = place?.kind === "file" ? dirname(resolve(place.name)) : process.cwd();
  const given: GivenPlugin[] = [];
  const problems: ConfigProblem[] = [];
  for (const [index, entry] of (value as readonly PluginSetting[]).entries()) {
    const { module, options } = typeof entry === "string" ? { module: entry, options: undefined } : entry;
    const path = ["plugins", index];
    const loaded = await loadModule(module, folder);
    if ("mistake" in loaded) problems.push(problemOf(path, placeOf(path, "value"), loaded.mistake));
    else given.push({ source: loaded.source, options, path, place: placeOf });
  }
  return readyPlugins(given, problems);
}

function problemOf(path: readonly PropertyKey[], place: SettingPlace | undefined, message: string): ConfigProblem {
  return { ...(place && { place }), key: path.join("."), message };
}

/** The default export of a module, or words for why there is none. */
async function loadModule(name: string, folder: string): Promise<{ readonly source: unknown } | { readonly mistake: string }> {
  const found = findModule(name, folder);
  if ("mistake" in found) return found;
  try {
    const loaded = (await import(found.url)) as { readonly default?: unknown };
    if (loaded.default === undefined) return { mistake: `${name} has no default export, which would be the plug-in` };
    return { source: loaded.default };
  } catch (error) {
    return { mistake: `${name} cannot be loaded: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}` };
  }
}

/** The URL of a file, or of a package that is installed beside the settings or beside this server. */
function findModule(name: string, folder: string): { readonly url: string } | { readonly mistake: string } {
  if (/^\.{0,2}[/\\]/.test(name) || isAbsolute(name)) {
    const file = resolve(folder, name);
    return existsSync(file) ? { url: pathToFileURL(file).href } : { mistake: `there is no file ${file}` };
  }
  try {
    return { url: pathToFileURL(createRequire(join(folder, "settings")).resolve(name)).href };
  } catch {
    // Not installed there, or only for `import`, which createRequire does not look for.
  }
  try {
    return { url: import.meta.resolve(name) };
  } catch {
    const hint = existsSync(join(folder, name)) ? `; the file is written ./${name}` : "";
    return { mistake: `there is no package ${name} beside ${folder} or this server${hint}` };
  }
}
