import { isRefused } from "../access/first-key.ts";
import { KeyFile } from "../access/key-file.ts";
import type { Environment } from "../config/environment.ts";
import { pluginModules, type PluginSetting } from "../config/plugin-list.ts";
import { describePlace } from "../config/problem.ts";
import { written } from "../config/reference.ts";
import type { Effective } from "../config/resolve.ts";
import { loadPlugins } from "../plugins/load-plugins.ts";
import type { Arguments } from "./arguments.ts";
import { UsageError } from "./arguments.ts";
import { readSettings } from "./read-settings.ts";

/**
 * What `millrace check [FILE]` prints where a start would go well: every setting, its value and where that is from. A secret's
 * value is not shown, nor options of plug-ins, which are loaded. @throws ConfigError and KeyFileError as the start would, and UsageError where two files are named
 */
export async function checkReport(given: Arguments, environment: Environment): Promise<string> {
  const [file] = given.operands;
  if (file !== undefined && (given.config ?? given.ffserver) !== undefined)
    throw new UsageError("millrace check takes one file: FILE, --config FILE or --ffserver FILE");
  const { config, effective, warnings } = await readSettings({ ...given, ...(file !== undefined && { config: file }) }, environment);
  if (config.auth && !config.feedsOnly) await checkKeys(config.data);
  await loadPlugins(effective);
  const rows = effective.map((each) => [each.setting.key, valueText(each), each.place ? describePlace(each.place) : "default"]);
  return [...warnings.map((text) => `warning: ${text}`), "ok", "", ...table(rows), ""].join("\n");
}

/** A damaged file of keys keeps a server from starting; one that is not there is made then. */
async function checkKeys(folder: string): Promise<void> {
  await new KeyFile(folder).read().catch((error: unknown) => {
    if (!isRefused(error)) throw error;
  });
}

function valueText({ setting, value }: Effective): string {
  if (value === undefined) return "none";
  if (setting.key === "plugins") return written(pluginModules(value as readonly PluginSetting[]));
  // Words of programs and addresses may hold passwords.
  if (["feeds", "outputs", "redirects"].includes(setting.key)) return written(Object.keys(value as object));
  return setting.secret ? "(secret)" : written(value);
}

/** Columns as wide as their longest cell. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>((longest, row) => row.map((cell, index) => Math.max(longest[index] ?? 0, cell.length)), []);
  return rows.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index]!))
      .join("  ")
      .trimEnd(),
  );
}
