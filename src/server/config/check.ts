import type { z } from "zod";
import { nearest } from "./nearest.ts";
import { ConfigError, type ConfigProblem } from "./problem.ts";
import { type Config, type ConfigInput, configSchema } from "./schema.ts";
import { settingKeys, shapeAt } from "./reference.ts";

type Path = readonly PropertyKey[];
/** A problem with the path it concerns, so that a file's positions can be found. `inKey`: the key is wrong, not its value. */
export type LocatedProblem = ConfigProblem & { readonly path: Path; readonly inKey: boolean };

/** Checks settings that a program passes. @throws ConfigError naming every mistake. */
export function checkConfig(input: ConfigInput = {}): Config {
  const checked = check(input);
  if (checked.config) return checked.config;
  throw new ConfigError(undefined, checked.problems);
}

/** Checks settings of unknown origin: the complete configuration, or every problem. */
export function check(input: unknown): { config: Config; problems: [] } | { config?: undefined; problems: LocatedProblem[] } {
  const result = configSchema.safeParse(input);
  if (result.success) return { config: result.data, problems: [] };
  return { problems: result.error.issues.flatMap((issue) => explain(issue, input)) };
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

function valueAt(input: unknown, path: Path): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}
