import { z } from "zod";

/** One entry of the setting `plugins`, as it is written. */
export type PluginSetting = string | { readonly module: string; readonly options?: unknown };

/** Modules of plug-ins with their options, which only the plug-ins can check. */
export function pluginList() {
  const error = "must be the file or package of a plug-in, or one with options: { module: ./plugin.js, options: { … } }";
  const module = z.string({ error }).min(1, { error }).max(4096);
  const entry = z.union([module, z.strictObject({ module, options: z.record(z.string(), z.unknown()).nullish() })], { error });
  return z.array(entry).max(100).meta({ form: "list of modules" });
}

/** The modules alone: options may hold secrets. */
export function pluginModules(setting: readonly PluginSetting[]): string[] {
  return setting.map((entry) => (typeof entry === "string" ? entry : entry.module));
}
