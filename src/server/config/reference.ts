import { z } from "zod";
import { configSchema } from "./schema.ts";

/** One line of the settings' reference. */
export interface ConfigReferenceEntry {
  /** The path of the setting, `rtmp.port`. */
  readonly key: string;
  /** What may be written, in a word or two. */
  readonly type: string;
  /** The default as it would be written in YAML. */
  readonly default: string;
  readonly description: string;
}

/** Every setting, in the order of the schema. docs/config.md is checked against it. */
export function configReference(): ConfigReferenceEntry[] {
  return [...walk(configSchema, [])];
}

/** The paths of all settings. */
export function settingKeys(): string[] {
  return configReference().map((entry) => entry.key);
}

/** The same reference as the table in docs/config.md. */
export function configReferenceTable(): string {
  const rows = configReference().map((entry) => `| \`${entry.key}\` | ${entry.type} | \`${entry.default}\` | ${entry.description} |`);
  return ["| Setting | Value | Default | Meaning |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

/** The settings and groups that may stand under a path; undefined where that is no group. */
export function shapeAt(path: readonly PropertyKey[]): Readonly<Record<string, z.ZodType>> | undefined {
  let schema: z.ZodType | undefined = configSchema;
  for (const key of path) schema = schema && Object.entries(shapeOf(schema) ?? {}).find(([name]) => name === key)?.[1];
  return schema && shapeOf(schema);
}

function* walk(schema: z.ZodType, path: readonly string[]): Generator<ConfigReferenceEntry> {
  const shape = shapeOf(schema);
  if (shape) {
    for (const [key, inner] of Object.entries(shape)) yield* walk(inner, [...path, key]);
    return;
  }
  const key = path.join(".");
  const description = schema.meta()?.description;
  if (description === undefined) throw new Error(`setting ${key} has no description`);
  yield { key, type: typeWords(schema), default: defaultOf(schema), description };
}

function shapeOf(schema: z.ZodType): Readonly<Record<string, z.ZodType>> | undefined {
  const inner = bare(schema);
  return inner instanceof z.ZodObject ? inner.shape : undefined;
}

/** The schema without its default. */
function bare(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault ? (schema.unwrap() as z.ZodType) : schema;
}

function defaultOf(schema: z.ZodType): string {
  if (!(schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)) throw new Error("every setting has a default");
  const value = schema.def.defaultValue;
  const plain = typeof value === "string" && /^[\w./-]+$/.test(value);
  return plain ? value : JSON.stringify(value);
}

function typeWords(schema: z.ZodType): string {
  const inner = bare(schema);
  if (inner instanceof z.ZodEnum) return inner.options.map((option) => `\`${option}\``).join(", ");
  if (inner instanceof z.ZodBoolean) return "`true`, `false`";
  if (inner instanceof z.ZodNumber) return `${inner.minValue} to ${inner.maxValue}`;
  if (inner instanceof z.ZodArray) return "list of origins";
  const form = inner.meta()?.["form"];
  if (typeof form === "string") return form;
  if (inner instanceof z.ZodString) return "text";
  throw new Error(`no words for a setting of type ${inner.def.type}`);
}
