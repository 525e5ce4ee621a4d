import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { Ajv } from "ajv";
import fc from "fast-check";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { checkSource } from "./check.ts";
import { configJsonSchema } from "./json-schema.ts";
import { parseConfig } from "./load.ts";
import { ConfigError } from "./problem.ts";
import { renamedSettings, withValue } from "./renamed.ts";
import { resolveConfig } from "./resolve.ts";
import { configSchema } from "./schema.ts";
import { type Setting, settingsOf } from "./settings.ts";

const ajv = new Ajv({ strict: true, allowUnionTypes: true });
for (const word of ["patternErrorMessage", "deprecationMessage", "doNotSuggest"]) ajv.addKeyword(word);
const validate = ajv.compile(configJsonSchema());

/**
 * Settings whose values a schema cannot say all of. There it may accept more than the start does, never less. Whoever adds a
 * setting gives its schema a pattern (`.regex`, or `jsonSchema` in its meta), or adds it here.
 */
const looser = new Set([
  "http.allowedOrigins",
  "rtmp.publicUrl",
  "recording.s3.endpoint",
  "http.publicUrl",
  "trustedProxies",
  "rtmp.listen",
  "http.listen",
  "feeds",
  "outputs",
  "redirects",
]);

/** Whether the start would take the settings as far as they stand in the file: what is between settings has rules of its own. */
function startTakes(settings: unknown): boolean {
  try {
    return checkSource(parseConfig(stringify(settings), "m.yaml"), configSchema).problems.length === 0;
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return false;
  }
}

const units = ["ms", "s", "m", "h", "B", "KiB", "MiB", "GiB", "MB", "d", ""];
const quantity = fc
  .tuple(
    fc.oneof(fc.nat({ max: 20 }), fc.constantFrom(99, 100, 101, 349, 350, 351, 599, 600, 601, 1000, 4096, 60_000, 3_600_000)),
    fc.constantFrom("0", "000", "001", "5", "999", "0001"),
  )
  .chain(([whole, rest]) =>
    fc.tuple(fc.constantFrom(`${whole}`, `${whole}.${rest}`, `0${whole}`), fc.constantFrom("", " "), fc.constantFrom(...units)),
  )
  .map((parts) => parts.join(""));
const word = fc.oneof(
  quantity,
  fc.string({ maxLength: 8 }),
  fc.constantFrom(
    "*",
    "::1",
    "[::1]",
    "127.0.0.1",
    "localhost:1",
    "a b",
    "info",
    "takeover",
    "https://a.example",
    "fe80::1%eth0",
    "true",
    "10.0.0.0/8",
  ),
);
const whole = fc.oneof(
  fc.integer({ min: -2, max: 3 }),
  fc.constantFrom(65535, 65536, 1_000_000, 1_000_001),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const scalar = fc.oneof(word, whole, fc.boolean(), fc.constant(null));
const value = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }), fc.dictionary(fc.constantFrom("a", "port"), scalar, { maxKeys: 2 }));

/** Values near what a setting takes: its default, its examples, and what is close to them. */
function nearly({ schema, default: usual }: Setting): fc.Arbitrary<unknown> {
  const { jsonSchema } = schema.meta() ?? {};
  const { examples = [] } = (jsonSchema ?? {}) as { examples?: unknown[] };
  return fc.oneof(
    fc.constantFrom(usual, ...examples, ...examples.flatMap(neighbours), ...(schema instanceof z.ZodEnum ? schema.options : [])),
    value,
  );
}

/** A quantity, and what lies just outside or inside of it. */
function neighbours(example: unknown): string[] {
  const [, number, unit] = /^(\d+)([A-Za-z]+)$/.exec(String(example)) ?? [];
  if (number === undefined) return [];
  const below = Math.max(0, Number(number) - 1);
  return [`${number}.001`, `${number}.000`, `${Number(number) + 1}`, `${below}`, `${below}.999`].map((text) => `${text}${unit}`);
}

test("every default and example is valid by the schema", () => {
  let defaults: unknown = {};
  for (const { path, default: usual } of settingsOf()) if (usual !== undefined) defaults = withValue(defaults, path, usual);
  assert.ok(validate(defaults), JSON.stringify(validate.errors));
  assert.ok(startTakes(defaults));
});

test("the example file is valid by the schema and by the start", async () => {
  const text = await readFile(new URL("../../../examples/millrace.yaml", import.meta.url), "utf8");
  assert.ok(validate(parse(text)), JSON.stringify(validate.errors));
  assert.deepEqual(resolveConfig([parseConfig(text, "millrace.yaml")]).warnings, []);
});

test("each setting: what the schema accepts is what the start takes", () => {
  const places = [...settingsOf().map((setting) => ({ key: setting.key, values: nearly(setting) }))];
  places.push(
    ...renamedSettings.map(({ from }) => ({ key: from, values: value })),
    { key: "rtmp", values: value },
    { key: "rtmp.x", values: value },
  );
  for (const { key, values } of places) {
    fc.assert(
      fc.property(values, (written) => {
        const settings = key.split(".").reduceRight<unknown>((inner, name) => ({ [name]: inner }), written);
        const accepted = validate(settings);
        const taken = startTakes(settings);
        if (looser.has(key) && accepted && !taken) return;
        assert.equal(accepted, taken, `${stringify(settings)} ${JSON.stringify(validate.errors)}`);
      }),
      { numRuns: 150 },
    );
  }
});

test("whole files: the same verdicts, with several settings, groups without any and keys that do not exist", () => {
  const keys = fc.constantFrom(...settingsOf().filter(({ key }) => !looser.has(key)));
  const some = fc.array(
    keys.chain((setting) => nearly(setting).map((written) => ({ path: setting.path, written }))),
    { maxLength: 4 },
  );
  const strange = fc.constantFrom({}, { rtmp: null }, { rtmp: { prot: 1 } }, { x: 1 }, { http: { host: "::1", listen: 1 } });
  fc.assert(
    fc.property(some, strange, (given, base) => {
      let settings: unknown = structuredClone(base);
      for (const { path, written } of given) settings = withValue(settings, path, written);
      assert.equal(validate(settings), startTakes(settings), `${stringify(settings)} ${JSON.stringify(validate.errors)}`);
    }),
    { numRuns: 500 },
  );
});

test("a setting says in editors what it means, its default and its variable; a secret has no default to see", () => {
  const { properties } = configJsonSchema() as { properties: Record<string, { properties?: Record<string, { description?: string }> }> };
  assert.match(
    properties["rtmp"]?.properties?.["port"]?.description ?? "",
    /any free one\.\n\nDefault: 1935\. Variable: MILLRACE_RTMP_PORT\.$/,
  );
  const secret = z.strictObject({ key: z.string().optional().meta({ description: "A key.", secret: true }) });
  assert.deepEqual((configJsonSchema(secret)["properties"] as Record<string, unknown>)["key"], {
    type: "string",
    description: "A key.\n\nDefault: none. Variable: MILLRACE_KEY, or MILLRACE_KEY_FILE.",
    writeOnly: true,
  });
});
