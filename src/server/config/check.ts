import type { z } from "zod";
import { nearest } from "./nearest.ts";
import { ConfigError, type ConfigProblem } from "./problem.ts";
import { type Config, type ConfigInput, configSchema } from "./schema.ts";
import { settingKeys, shapeAt } from "./reference.ts";
import { type Remark, renameSettings, valueAt } from "./renamed.ts";

type Path = readonly PropertyKey[];
/** A problem with the path it concerns, so that a file's positions can be found. `inKey`: the key is wrong, not its value. */
export type LocatedProblem = ConfigProblem & { readonly path: Path; readonly inKey: boolean };

/** Checks settings that a program passes. `warn` hears what works but should be changed. @throws ConfigError naming every mistake. */
export function checkConfig(input: ConfigInput = {}, warn: (text: string) => void = () => undefined): Config {
  const { config, problems, warnings } = check(input);
  if (!config) throw new ConfigError(undefined, problems);
  for (const { key, message } of warnings) warn(`${key} ${message}`);
  return config;
}

/** What came of checking: the complete configuration, or every problem. */
export interface Checked {
  readonly config?: Config;
  readonly problems: readonly LocatedProblem[];
  readonly warnings: readonly LocatedProblem[];
}

/** Checks settings of unknown origin. */
export function check(input: unknown): Checked {
  const { settings, warnings, mistakes, origins } = renameSettings(input);
  const result = configSchema.safeParse(settings);
  const told = (remarks: readonly Remark[]) => remarks.map((remark) => ({ ...remark, inKey: true, key: remark.path.join(".") }));
  if (result.success && mistakes.length === 0) return { config: result.data, problems: [], warnings: told(warnings) };
  const problems = (result.error?.issues ?? []).flatMap((issue) => explain(issue, settings));
  const asWritten = problems.map((problem) => {
    const path = origins.get(problem.key);
    return path ? { ...problem, path, key: path.join(".") } : problem;
  });
  return { problems: [...told(mistakes), ...asWritten], warnings: told(warnings) };
}

function explain(issue: z.core.$ZodIssue, input: unknown): LocatedProblem[] {
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey([...issue.path, key]));
  return [{ path: issue.path, inKey: false, key: issue.path.join("."), message: words(issue, valueAt(input, issue.path)) }];
}

function unknownKey(path: Path): LocatedProblem {
  const key = String(path.at(-1));
  const siblings = Object.keys(shapeAt(path.slice(0, -1)) ?? {});
  const near = nearest(key, siblings);
  const elsewhere = settingKeys().filter((name) => name === key || nearest(key, [name.split(".").at(-1)!]) !== undefined);
  const guess = near ?? (elsewhere.length > 0 ? elsewhere.slice(0, 3).join(" or ") : undefined);
  const message = guess === undefined ? `unknown key; here belong ${siblings.join(", ")}` : `unknown key; did you mean ${guess}?`;
  return { path, inKey: true, key: path.join("."), message };
}

/** Says in plain words what the schema says in its own. */
function words(issue: z.core.$ZodIssue, value: unknown): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${typeWords[issue.expected] ?? issue.expected}, not ${show(value)}`;
    case "invalid_value":
      return invalidValue(issue.values.map(String), value);
    case "too_small":
      return issue.origin === "array" ? "must have at least one entry" : `${show(value)} is too small: at least ${issue.minimum}`;
    case "too_big":
      return `${show(value)} is too large: at most ${issue.maximum}`;
    case "custom":
    case "invalid_union":
    case "unrecognized_keys":
    case "invalid_format":
    case "invalid_element":
    case "invalid_key":
    case "not_multiple_of":
      return issue.message;
    default:
      return (issue satisfies never as z.core.$ZodIssue).message;
  }
}

function invalidValue(values: readonly string[], value: unknown): string {
  const near = typeof value === "string" ? nearest(value, values) : undefined;
  return `must be one of ${values.join(", ")}, not ${show(value)}${near === undefined ? "" : `; did you mean ${near}?`}`;
}

const typeWords: Readonly<Record<string, string>> = {
  boolean: "true or false",
  int: "a whole number",
  number: "a number",
  string: "text",
  object: "a group of settings",
  array: "a list",
};

function show(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
    case "number":
    case "boolean":
    case "bigint":
      return String(value);
    case "object":
      if (value === null) return "nothing";
      return Array.isArray(value) ? "a list" : "a group of settings";
    case "undefined":
      return "nothing";
    case "function":
    case "symbol":
      return `a ${typeof value}`;
  }
}
