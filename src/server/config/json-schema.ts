import { z } from "zod";
import { written } from "./reference.ts";
import { type Renamed, renamedSettings, renamedWords } from "./renamed.ts";
import { configSchema } from "./schema.ts";
import { type Setting, settingAt, shapeAt } from "./settings.ts";

type Json = Readonly<Record<string, unknown>>;

/** Where a running server has the schema. */
export const configSchemaPath = "/api/v1/config-schema.json";

/**
 * The settings as JSON schema (draft 7, which editors know), for YAML files: an editor then completes keys, shows what they mean and
 * marks mistakes. It accepts all that a start accepts. What it cannot say are rules between settings, and all of what an
 * address, a URL or an origin may be: `millrace check` does.
 */
export function configJsonSchema(schema: z.ZodObject = configSchema): Json {
  return { $schema: "http://json-schema.org/draft-07/schema#", title: "Settings of Millrace", ...group(schema, []) };
}

function group(schema: z.ZodObject, path: readonly string[]): Json {
  const properties = Object.fromEntries(
    Object.keys(shapeAt(path, schema) ?? {}).map((key) => {
      const inner = [...path, key];
      return [key, shapeAt(inner, schema) ? group(schema, inner) : setting(settingAt(inner, schema)!)] as const;
    }),
  );
  const old = renamedSettings.filter(({ from }) => from.split(".").slice(0, -1).join(".") === path.join("."));
  return {
    // A group whose every line is commented out is null to YAML.
    type: ["object", "null"],
    properties: { ...properties, ...Object.fromEntries(old.map((row) => [lastKey(row.from), oldSetting(row)])) },
    dependencies: Object.fromEntries(old.map((row) => [lastKey(row.from), withoutNew(row)])),
    additionalProperties: false,
  };
}

function setting({ schema, description, default: value, variable, secret }: Setting): Json {
  return {
    ...valueSchema(schema),
    description: `${description}\n\nDefault: ${value === undefined ? "none" : written(value)}. Variable: ${variable}${secret ? `, or ${variable}_FILE` : ""}.`,
    ...(value !== undefined && { default: value }),
    ...(secret && { writeOnly: true }),
  };
}

/** The old name is still there, but not suggested. */
function oldSetting(row: Renamed): Json {
  return { ...valueSchema(row.schema), description: renamedWords(row), deprecationMessage: renamedWords(row), doNotSuggest: true };
}

/** Both names together are a mistake; new names of another group are beyond what a schema sees here. */
function withoutNew({ from, to }: Renamed): Json {
  const siblings = to.filter((key) => key.split(".").slice(0, -1).join(".") === from.split(".").slice(0, -1).join("."));
  return { properties: Object.fromEntries(siblings.map((key) => [lastKey(key), false])) };
}

function lastKey(key: string): string {
  return key.slice(key.lastIndexOf(".") + 1);
}

/** What zod says of a value, and what the schema's own `jsonSchema` adds where zod has no words. */
function valueSchema(schema: z.ZodType): Json {
  const { $schema: _draft, ...json } = z.toJSONSchema(schema, {
    io: "input",
    target: "draft-7",
    unrepresentable: "any",
    override: ({ jsonSchema }) => {
      const { jsonSchema: own } = jsonSchema as { jsonSchema?: object };
      for (const key of ["jsonSchema", "form", "secret", "description", "id"]) delete jsonSchema[key];
      Object.assign(jsonSchema, own);
    },
  });
  return json;
}
