import type { z } from "zod";
import { nearest } from "./nearest.ts";
import type { ConfigProblem } from "./problem.ts";
import { type Remark, renameSettings, valueAt } from "./renamed.ts";
import { type Path, settingAt, settingKeys, shapeAt } from "./settings.ts";
import type { Source } from "./source.ts";

/** What came of checking the settings of one origin by themselves. */
export interface CheckedSource {
  /** As they were written, under the names that settings have now. */
  readonly settings: unknown;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
  /** The same as the source's, for names that settings have now. */
  readonly place: Source["place"];
}

/** Checks what one origin says, whatever others say: also a value that another one overrules must be right. */
export function checkSource(source: Source, schema: z.ZodObject): CheckedSource {
  const { settings, warnings, mistakes, origins } = renameSettings(source.settings);
  const asWritten = (path: Path): Path => origins.get(path.join(".")) ?? path;
  const at = (path: Path, part: "key" | "value", message: string): ConfigProblem => {
    const place = source.place(path, part);
    const setting = settingAt(path, schema);
    // Below a secret even keys may be parts of it.
    return { ...(place && { place }), key: setting?.secret === true ? setting.key : path.join("."), message };
  };
  const told = (remarks: readonly Remark[]) => remarks.map(({ path, message }) => at(path, "key", message));
  const wrong = (schema.safeParse(settings).error?.issues ?? []).flatMap((issue) => {
    if (issue.code !== "unrecognized_keys") return at(asWritten(issue.path), "value", explain(issue, settings, schema));
    return issue.keys.map((key) => at([...issue.path, key], "key", unknownKey([...issue.path, key], schema)));
  });
  return {
    settings,
    problems: [...told(mistakes), ...wrong].toSorted(byPlace),
    warnings: told(warnings),
    place: (path, part) => source.place(asWritten(path), part),
  };
}

function byPlace({ place: a }: ConfigProblem, { place: b }: ConfigProblem): number {
  return (a?.line ?? 0) - (b?.line ?? 0) || (a?.column ?? 0) - (b?.column ?? 0);
}

function unknownKey(path: Path, schema: z.ZodObject): string {
  const key = String(path.at(-1));
  const siblings = Object.keys(shapeAt(path.slice(0, -1), schema) ?? {});
  const near = nearest(key, siblings);
  const elsewhere = settingKeys(schema).filter((name) => name === key || nearest(key, [name.split(".").at(-1)!]) !== undefined);
  const guess = near ?? (elsewhere.length > 0 ? elsewhere.slice(0, 3).join(" or ") : undefined);
  return guess === undefined ? `unknown key; here belong ${siblings.join(", ")}` : `unknown key; did you mean ${guess}?`;
}

/** What is wrong with a value; of a secret's value nothing is said. */
function explain(issue: z.core.$ZodIssue, settings: unknown, schema: z.ZodObject): string {
  const value = valueAt(settings, issue.path);
  if (settingAt(issue.path, schema)?.secret !== true) return words(issue, value, show(value));
  const told = words(issue, undefined, "what is given (a secret, not shown)");
  return leaks(told, value) ? "the value is not right (a secret, not shown)" : told;
}

/** Whether a text holds a secret or four characters of it in a row. */
function leaks(text: string, secret: unknown): boolean {
  if (typeof secret === "object" && secret !== null) return Object.values(secret).some((inner) => leaks(text, inner));
  if (typeof secret !== "string" && typeof secret !== "number") return false;
  const hidden = String(secret);
  if (hidden.length <= 4) return text.includes(hidden);
  return Array.from({ length: hidden.length - 3 }, (_, index) => hidden.slice(index, index + 4)).some((run) => text.includes(run));
}

/** Says in plain words what the schema says in its own. */
function words(issue: z.core.$ZodIssue, value: unknown, shown: string): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${typeWords[issue.expected] ?? issue.expected}, not ${shown}`;
    case "invalid_value":
      return invalidValue(issue.values.map(String), value, shown);
    case "too_small":
      return countWords(issue.origin, "at least", issue.minimum) ?? `${shown} is too small: at least ${issue.minimum}`;
    case "too_big":
      return countWords(issue.origin, "at most", issue.maximum) ?? `${shown} is too large: at most ${issue.maximum}`;
    case "invalid_key":
      return issue.issues[0]?.message ?? issue.message;
    case "custom":
    case "invalid_union":
    case "unrecognized_keys":
    case "invalid_format":
    case "invalid_element":
    case "not_multiple_of":
      return issue.message;
    default:
      return (issue satisfies never as z.core.$ZodIssue).message;
  }
}

/** For what has a length: text and lists. */
function countWords(origin: string, limit: "at least" | "at most", count: number | bigint): string | undefined {
  const what = origin === "string" ? ["character", "characters"] : origin === "array" ? ["entry", "entries"] : undefined;
  return what && `must have ${limit} ${count} ${what[count === 1 ? 0 : 1]}`;
}

function invalidValue(values: readonly string[], value: unknown, shown: string): string {
  const near = typeof value === "string" ? nearest(value, values) : undefined;
  return `must be one of ${values.join(", ")}, not ${shown}${near === undefined ? "" : `; did you mean ${near}?`}`;
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
