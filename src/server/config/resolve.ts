import type { z } from "zod";
import { checkSource, type CheckedSource } from "./check.ts";
import { ConfigError, type ConfigProblem, describeProblem, type SettingPlace } from "./problem.ts";
import { type Remark, valueAt, withValue } from "./renamed.ts";
import { rulesBroken } from "./rules.ts";
import { type Config, type ConfigInput, configSchema } from "./schema.ts";
import { type Setting, settingsOf } from "./settings.ts";
import { programSource, type Source } from "./source.ts";

/** The value of one setting and where it came from. */
export interface Effective {
  readonly setting: Setting;
  /** As it was written; the default where nobody set it. */
  readonly value: unknown;
  /** Undefined for a default, and for what a program passed. */
  readonly place: SettingPlace | undefined;
  /** Where a part of the value stands, by its whole path. */
  readonly placeOf: Source["place"];
}

/** The configuration that several origins make together. */
export interface Resolved<T = Config> {
  readonly config: T;
  readonly effective: readonly Effective[];
  /** What works but should be changed, one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Puts together what several origins say; of two that set the same, the earlier wins. `found` are mistakes that are known
 * already. @throws ConfigError naming every mistake
 */
export function resolveConfig(sources: readonly Source[], found: readonly ConfigProblem[] = []): Resolved {
  return resolveSettings(configSchema, sources, { rules: rulesBroken, found });
}

/** Checks settings that a program passes. `warn` hears what works but should be changed. @throws ConfigError naming every mistake */
export function checkConfig(input: ConfigInput = {}, warn: (text: string) => void = () => undefined): Config {
  const { config, warnings } = resolveConfig([programSource(input)]);
  for (const text of warnings) warn(text);
  return config;
}

interface ResolveOptions<T> {
  /** What is wrong between settings that each are right. */
  readonly rules?: (config: T) => readonly Remark[];
  readonly found?: readonly ConfigProblem[];
}

/** The same for any schema. */
export function resolveSettings<Schema extends z.ZodObject>(
  schema: Schema,
  sources: readonly Source[],
  { rules = () => [], found = [] }: ResolveOptions<z.output<Schema>> = {},
): Resolved<z.output<Schema>> {
  const checked = sources.map((source) => checkSource(source, schema));
  failFor([...checked.flatMap(({ problems }) => problems), ...found]);
  const effective = settingsOf(schema).map((setting) => effectiveValue(setting, checked));
  const isSet = ({ setting: { path } }: Effective) => checked.some(({ settings }) => valueAt(settings, path) !== undefined);
  const together = effective.filter(isSet).reduce<unknown>((all, { setting, value }) => withValue(all, setting.path, value), {});
  const config = schema.parse(together);
  failFor(
    rules(config).map(({ path, message }) => {
      const place = effective.find(({ setting }) => setting.key === path.join("."))?.place;
      return { ...(place && { place }), key: path.join("."), message };
    }),
  );
  return { config, effective, warnings: checked.flatMap(({ warnings }) => warnings).map(describeProblem) };
}

function effectiveValue(setting: Setting, sources: readonly CheckedSource[]): Effective {
  const source = sources.find(({ settings }) => valueAt(settings, setting.path) !== undefined);
  if (!source) return { setting, value: setting.default, place: undefined, placeOf: () => undefined };
  const { settings, place } = source;
  return { setting, value: valueAt(settings, setting.path), place: place(setting.path, "value"), placeOf: place };
}

function failFor(problems: readonly ConfigProblem[]): void {
  if (problems.length > 0) throw new ConfigError(problems);
}
