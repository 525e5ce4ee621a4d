import { z } from "zod";
import { configSchema } from "./schema.ts";

export type Path = readonly PropertyKey[];

/** One setting of a schema: what is no group. */
export interface Setting {
  /** Its path, `rtmp.port`. */
  readonly key: string;
  readonly path: readonly string[];
  /** The schema of its value, without the default. */
  readonly schema: z.ZodType;
  /** The default as it would be written; undefined where there is none. */
  readonly default: unknown;
  readonly description: string;
  /** Its value must not be shown anywhere: `.meta({ secret: true })` in the schema. */
  readonly secret: boolean;
  /** The variable of the environment that sets it, `MILLRACE_RTMP_PORT`. */
  readonly variable: string;
}

/** Every setting, in the order of the schema. */
export function settingsOf(schema: z.ZodType = configSchema): Setting[] {
  return [...walk(schema, [])];
}

/** The paths of all settings. */
export function settingKeys(schema: z.ZodType = configSchema): string[] {
  return settingsOf(schema).map(({ key }) => key);
}

/** The setting at a path or above it: `http.allowedOrigins.0` is of `http.allowedOrigins`. */
export function settingAt(path: Path, schema: z.ZodType = configSchema): Setting | undefined {
  return settingsOf(schema).find((setting) => setting.path.every((key, index) => key === path[index]));
}

/** The settings and groups that may stand under a path; undefined where that is no group. */
export function shapeAt(path: Path, schema: z.ZodType = configSchema): Readonly<Record<string, z.ZodType>> | undefined {
  let at: z.ZodType | undefined = schema;
  for (const key of path) at = at && Object.entries(shapeOf(at) ?? {}).find(([name]) => name === key)?.[1];
  return at && shapeOf(at);
}

/** The name of the variable for a path: `viewers.waitForPublisher` is `MILLRACE_VIEWERS_WAIT_FOR_PUBLISHER`. */
export function variableName(path: readonly string[]): string {
  const words = path.map((key) => key.replaceAll(/([a-z\d])([A-Z])/g, "$1_$2"));
  return [variablePrefix, ...words].join("_").toUpperCase();
}

const variablePrefix = "MILLRACE";

function* walk(schema: z.ZodType, path: readonly string[]): Generator<Setting> {
  const shape = shapeOf(schema);
  if (shape) {
    for (const [key, inner] of Object.entries(shape)) yield* walk(inner, [...path, key]);
    return;
  }
  const key = path.join(".");
  const bare = withoutDefault(schema);
  const { description, secret } = { ...bare.meta(), ...schema.meta() };
  if (description === undefined) throw new Error(`setting ${key} has no description`);
  yield { key, path, schema: bare, default: defaultOf(schema), description, secret: secret === true, variable: variableName(path) };
}

function shapeOf(schema: z.ZodType): Readonly<Record<string, z.ZodType>> | undefined {
  const inner = withoutDefault(schema);
  return inner instanceof z.ZodObject ? inner.shape : undefined;
}

function withoutDefault(schema: z.ZodType): z.ZodType {
  const wraps = schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional;
  return wraps ? withoutDefault(schema.unwrap() as z.ZodType) : schema;
}

function defaultOf(schema: z.ZodType): unknown {
  return schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault ? schema.def.defaultValue : undefined;
}
