import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { parseConfig } from "./load.ts";
import { ConfigError } from "./problem.ts";
import { resolveSettings } from "./resolve.ts";
import { settingsOf } from "./settings.ts";
import { programSource } from "./source.ts";

const quoting = z.string().transform((text, context) => {
  context.issues.push({ code: "custom", message: `"${text}" will not do`, input: text });
  return z.NEVER;
});

/** Settings whose every check fails for what the tests write, in as many ways as the schema knows. */
const schema = z.strictObject({
  keys: z.strictObject({
    text: z.string().max(3).optional().meta({ description: "", secret: true }),
    quoted: quoting.optional().meta({ description: "", secret: true }),
    kind: z.enum(["one", "two"]).optional().meta({ description: "", secret: true }),
    number: z.int().min(0).max(1).optional().meta({ description: "", secret: true }),
    flag: z.boolean().optional().meta({ description: "", secret: true }),
    list: z.array(quoting).optional().meta({ description: "", secret: true }),
    either: z
      .union([z.boolean(), z.array(z.string())])
      .optional()
      .meta({ description: "", secret: true }),
    named: z.record(z.string(), quoting).optional().meta({ description: "", secret: true }),
  }),
});

const names = settingsOf(schema).map(({ path }) => path[1]!);

test("a secret is told of, never told", () => {
  assert.throws(() => resolveSettings(schema, [programSource({ keys: { text: "hunter2", quoted: "hunter2", kind: "twp" } })]), {
    message: [
      "keys.text: must have at most 3 characters",
      "keys.quoted: the value is not right (a secret, not shown)",
      "keys.kind: must be one of one, two, not what is given (a secret, not shown)",
    ].join("\n"),
  });
});

test("no message about a program's settings holds a secret", () => {
  const secret = fc.string({ minLength: 5, unit: fc.constantFrom(...Array.from("KQXZJ0123456789#*!&%|>{}[]'\"\\")) });
  const value = secret.chain((text) =>
    fc.constantFrom<unknown>(text, [text], { a: text }, { a: [text] }).map((shape) => ({ text, shape })),
  );
  fc.assert(
    fc.property(fc.constantFrom(...names), value, (name, { text, shape }) => {
      try {
        resolveSettings(schema, [programSource({ keys: { [name]: shape } })]);
      } catch (error) {
        assert.ok(error instanceof ConfigError, String(error));
        assert.ok(!error.message.includes(text), error.message);
        assert.ok(!JSON.stringify(error.problems).includes(JSON.stringify(text).slice(1, -1)), error.message);
      }
    }),
    { numRuns: 500 },
  );
});

test("no message about a file holds a secret, even where the file is no YAML", () => {
  const secret = fc.string({ minLength: 5, unit: fc.constantFrom(...Array.from("KQXZJ0123456789#*!&%|>{}[]'\"\\`@,:- \t")) });
  fc.assert(
    fc.property(fc.constantFrom(...names), secret, fc.constantFrom("", '"', "'", "[", "- ", "|"), (name, text, before) => {
      try {
        resolveSettings(schema, [parseConfig(`keys:\n  ${name}: ${before}${text}\n`, "m.yaml")]);
      } catch (error) {
        assert.ok(error instanceof ConfigError, String(error));
        const words = /[KQXZJ\d]{3,}/g;
        for (const [word] of text.matchAll(words))
          assert.ok(!error.message.replaceAll(/m\.yaml:\d+:\d+/g, "").includes(word), error.message);
      }
    }),
    { numRuns: 2000 },
  );
});
