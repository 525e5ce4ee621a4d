import { ConfigError, type ConfigProblem, type SettingPlace } from "../config/problem.ts";
import type { Path } from "../config/settings.ts";
import { isFormatName, shown } from "../containers/format-names.ts";
import { readOptions } from "./options-schema.ts";
import type { Plugin, PluginEntry } from "./plugin.ts";

/** A plug-in whose options have been read. */
export interface ReadyPlugin {
  readonly plugin: Plugin;
  readonly options: unknown;
}

/** Something that is said to be a plug-in, and where that stands. */
export interface GivenPlugin {
  /** A plug-in, or a function that makes one. */
  readonly source: unknown;
  /** Undefined where there are none. */
  readonly options: unknown;
  /** The setting, `plugins.0`. */
  readonly path: Path;
  /** Where that is; undefined for what a program passes. */
  readonly place?: (path: Path, part: "key" | "value") => SettingPlace | undefined;
}

/** The plug-ins that a program passes. @throws ConfigError naming every mistake */
export function pluginsOfProgram(entries: readonly PluginEntry[]): ReadyPlugin[] {
  const given: unknown = entries;
  if (!Array.isArray(given)) throw new ConfigError([{ key: "plugins", message: `must be a list, not ${shown(entries)}` }]);
  return readyPlugins(
    entries.map((entry, index) => {
      const path = ["plugins", index];
      if (typeof entry !== "object" || entry === null || !("plugin" in entry)) return { source: entry, options: undefined, path };
      return { source: entry.plugin, options: entry.options, path };
    }),
  );
}

/** Plug-ins with their options read. @throws ConfigError naming every mistake, besides those that were found already */
export function readyPlugins(given: readonly GivenPlugin[], found: readonly ConfigProblem[] = []): ReadyPlugin[] {
  const problems: ConfigProblem[] = [...found];
  const names = new Map<string, Path>();
  const ready: ReadyPlugin[] = [];
  for (const each of given) {
    const plugin = madePlugin(each.source);
    const twice = typeof plugin === "string" ? undefined : names.get(plugin.name);
    if (typeof plugin === "string") problems.push(problemAt(each, [], plugin));
    else if (twice !== undefined) problems.push(problemAt(each, [], `a second plug-in "${plugin.name}", besides ${twice.join(".")}`));
    else {
      names.set(plugin.name, each.path);
      const read = optionsOf(plugin, each.options);
      if ("options" in read) ready.push({ plugin, options: read.options });
      else problems.push(...read.mistakes.map(({ path, message }) => problemAt(each, ["options", ...path], message)));
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return ready;
}

function optionsOf(plugin: Plugin, given: unknown): ReturnType<typeof readOptions> {
  // `options:` with every line commented out is null to YAML.
  const isGiven = given !== undefined && given !== null;
  if (plugin.options !== undefined) return readOptions(plugin.options, isGiven ? given : {});
  return isGiven ? { mistakes: [{ path: [], message: `the plug-in "${plugin.name}" takes no options` }] } : { options: undefined };
}

/** The plug-in, or words for why it is none. */
function madePlugin(source: unknown): Plugin | string {
  let made = source;
  if (typeof source === "function") {
    try {
      made = (source as () => unknown)();
    } catch (error) {
      return `the function that makes the plug-in failed: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  if (typeof made !== "object" || made === null)
    return `a plug-in is an object with name and setup, or a function that makes one, not ${shown(made)}`;
  const { name, options } = made as Partial<Plugin>;
  if (!isFormatName(name)) return `a plug-in's name is lower-case letters and digits with dashes between, not ${shown(name)}`;
  if (typeof (made as Partial<Plugin>).setup !== "function") return `the plug-in "${name}" has no function setup`;
  const isSchema = options === undefined || (typeof options === "object" && options !== null) || typeof options === "function";
  if (!isSchema || (options !== undefined && !("~standard" in options) && typeof options.parse !== "function")) {
    return `the options of the plug-in "${name}" are neither a Standard Schema nor an object with a function parse`;
  }
  return made as Plugin;
}

function problemAt({ path, place }: GivenPlugin, inner: Path, message: string): ConfigProblem {
  const full = [...path, ...inner];
  const at = place?.(full, "value");
  return { ...(at && { place: at }), key: full.join("."), message };
}
