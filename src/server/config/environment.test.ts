import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { z } from "zod";
import { type Environment, fromText, readEnvironment, variables } from "./environment.ts";
import { describeProblem } from "./problem.ts";
import { written } from "./reference.ts";
import { resolveConfig, resolveSettings } from "./resolve.ts";
import { configSchema } from "./schema.ts";
import { settingsOf } from "./settings.ts";
import { programSource } from "./source.ts";

const withSecrets = z.strictObject({
  auth: z.strictObject({
    key: z.string().min(8).optional().meta({ description: "A key.", secret: true }),
    keys: z.array(z.string()).default([]).meta({ description: "Keys.", secret: true }),
    url: z.string().default("").meta({ description: "No secret." }),
  }),
});

/** The settings together with what is told, in the words that people read. */
async function read(environment: Environment, below: object = {}): Promise<{ config?: unknown; told: string[] }> {
  const { source, problems, warnings } = await readEnvironment(environment);
  try {
    const { config, warnings: more } = resolveConfig([source, programSource(below)], problems);
    return { config, told: [...warnings, ...more] };
  } catch (error) {
    return { told: (error as Error).message.split("\n") };
  }
}

test("each setting has a variable of its own, derived from its path", () => {
  const names = settingsOf().map(({ variable }) => variable);
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.includes("MILLRACE_VIEWERS_WAIT_FOR_PUBLISHER"));
  assert.ok(names.includes("MILLRACE_RTMP_MAX_MESSAGE_SIZE"));
  assert.ok(names.includes("MILLRACE_DEMO"));
  // None is hidden by the file of another one's secret, by an old name, or by the name of the settings' file.
  const secrets = settingsOf().filter(({ secret }) => secret);
  assert.equal(variables().size, names.length + secrets.length + 2);
  assert.ok(!variables().has("MILLRACE_CONFIG"));
});

test("the default of each setting, written into its variable, is the default", async () => {
  const texts = settingsOf().flatMap(({ variable, default: value }) => {
    if (value === undefined) return [];
    return [[variable, Array.isArray(value) ? value.join(",") : written(value).replaceAll(/"/g, "")] as const];
  });
  assert.deepEqual((await read(Object.fromEntries(texts))).config, resolveConfig([]).config);
});

test("values are read by the schema's kinds, and a variable goes before the file", async () => {
  const { config, told } = await read(
    {
      MILLRACE_RTMP_PORT: "0",
      MILLRACE_RTMP_HOST: "::1",
      MILLRACE_HTTP_ENABLED: "false",
      MILLRACE_HTTP_ALLOWED_ORIGINS: "https://a.example, https://b.example:81",
      MILLRACE_STREAMS_RING_SIZE: "2MiB",
      MILLRACE_DATA: "007",
      MILLRACE_LOG_LEVEL: "",
    },
    { rtmp: { port: 1, maxConnections: 5 }, log: { level: "warn" } },
  );
  const expected = resolveConfig([
    programSource({
      rtmp: { host: "::1", port: 0, maxConnections: 5 },
      http: { enabled: false, allowedOrigins: ["https://a.example", "https://b.example:81"] },
      streams: { ringSize: "2MiB" },
      data: "007",
      log: { level: "warn" },
    }),
  ]);
  assert.deepEqual(config, expected.config);
  assert.deepEqual(told, []);
});

test("lists, groups and choices of kinds may be written as in YAML", () => {
  const list = z.array(z.string());
  assert.deepEqual(fromText('["a,b", c]', list), ["a,b", "c"]);
  assert.deepEqual(fromText("[a", list), "[a");
  assert.deepEqual(fromText("1,x", z.array(z.int())), [1, "x"]);
  assert.deepEqual(fromText("{a: 1}", z.record(z.string(), z.int())), { a: 1 });
  assert.equal(fromText("false", z.union([z.boolean(), z.string()])), false);
  assert.equal(fromText("falsch", z.union([z.boolean(), z.string(), list])), "falsch");
  assert.deepEqual(fromText("[a]", z.union([z.string(), list])), ["a"]);
});

test("a mistake is told with the variable's name and what would be right", async () => {
  const cases: [Environment, string[]][] = [
    [{ MILLRACE_RTMP_PORT: "x" }, ['MILLRACE_RTMP_PORT: must be a number, not "x"']],
    [{ MILLRACE_RTMP_PORT: "70000" }, ["MILLRACE_RTMP_PORT: 70000 is too large: at most 65535"]],
    [{ MILLRACE_DEMO: "yes" }, ['MILLRACE_DEMO: must be true or false, not "yes"']],
    [
      { MILLRACE_LOG_LEVEL: "inof" },
      ['MILLRACE_LOG_LEVEL: must be one of trace, debug, info, warn, error, silent, not "inof"; did you mean info?'],
    ],
    [
      { MILLRACE_STREAMS_GRACE_PERIOD: "10" },
      ['MILLRACE_STREAMS_GRACE_PERIOD: "10" is not a duration with its unit, like 500ms, 10s or 2m'],
    ],
    [
      { MILLRACE_HTTP_ALLOWED_ORIGINS: "https://a.b,c" },
      ['MILLRACE_HTTP_ALLOWED_ORIGINS: must be "*" or an origin without a path, like "https://example.org"'],
    ],
    [{ MILLRACE_RTMP_PROT: "1" }, ["MILLRACE_RTMP_PROT: unknown variable; did you mean MILLRACE_RTMP_PORT?"]],
    [{ MILLRACE_VIEWER_MAX: "1" }, ["MILLRACE_VIEWER_MAX: unknown variable; did you mean MILLRACE_VIEWERS_MAX?"]],
    [{ MILLRACE_STREAMS_COLOUR: "1" }, ["MILLRACE_STREAMS_COLOUR: unknown variable; docs/config.md lists the variables"]],
    [{ millrace_rtmp_port: "1" }, ["millrace_rtmp_port: unknown variable; did you mean MILLRACE_RTMP_PORT?"]],
    [{ MILLRACE_CONFIGS: "m.yaml" }, ["MILLRACE_CONFIGS: unknown variable; did you mean MILLRACE_CONFIG?"]],
    [{ MILLRACE_DATA_FILE: "d" }, ["MILLRACE_DATA_FILE: no secret, so it is not read from a file; MILLRACE_DATA takes the value itself"]],
    [
      { MILLRACE_RTMP_LISTEN: "1", MILLRACE_RTMP_PORT: "2" },
      ["MILLRACE_RTMP_LISTEN: the old name of rtmp.host and rtmp.port; give the new ones only"],
    ],
    [{ MILLRACE_RTMP_PORT: "5", MILLRACE_HTTP_PORT: "5" }, ["MILLRACE_HTTP_PORT: 5 is the port of RTMP too (rtmp.port)"]],
  ];
  for (const [environment, told] of cases) assert.deepEqual(await read(environment), { told }, JSON.stringify(environment));
});

test("an old name works with a warning; a name that is not meant for us is a warning", async () => {
  const old = await read({ MILLRACE_RTMP_LISTEN: "127.0.0.1:0" });
  assert.deepEqual(old.config, resolveConfig([programSource({ rtmp: { host: "127.0.0.1", port: 0 } })]).config);
  assert.deepEqual(old.told, ["MILLRACE_RTMP_LISTEN: now rtmp.host and rtmp.port; the old name is gone in version 0.2"]);
  const strange = await read({ MILLRACE_IMAGE_TAG: "3", MILLRACERS: "4" });
  assert.deepEqual(strange.told, ["MILLRACE_IMAGE_TAG: unknown variable; docs/config.md lists the variables"]);
  assert.deepEqual(strange.config, resolveConfig([]).config);
});

test("what Kubernetes sets for services called millrace and millrace-rtmp does not disturb the start", async () => {
  const service = (name: string, port: number) => ({
    [`${name}_SERVICE_HOST`]: "10.0.0.11",
    [`${name}_SERVICE_PORT`]: String(port),
    [`${name}_SERVICE_PORT_RTMP_IN`]: String(port),
    [`${name}_PORT`]: `tcp://10.0.0.11:${port}`,
    [`${name}_PORT_${port}_TCP`]: `tcp://10.0.0.11:${port}`,
    [`${name}_PORT_${port}_TCP_PROTO`]: "tcp",
    [`${name}_PORT_${port}_TCP_PORT`]: String(port),
    [`${name}_PORT_${port}_TCP_ADDR`]: "10.0.0.11",
  });
  const environment = { ...service("MILLRACE", 1935), ...service("MILLRACE_RTMP", 1935), ...service("MILLRACE_HTTP", 8080) };
  assert.deepEqual(await read(environment), { config: resolveConfig([]).config, told: [] });
});

test("a secret may stand in a file, without its last line end", async () => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-secret-"));
  try {
    const file = join(folder, "key");
    const key = async (environment: Environment) => {
      const { source, problems } = await readEnvironment(environment, withSecrets);
      return problems.length > 0 ? problems.map(describeProblem) : resolveSettings(withSecrets, [source]).config.auth;
    };
    for (const [content, expected] of [
      ["open sesame\n", "open sesame"],
      ["open sesame\r\n", "open sesame"],
      ["open sesame\n\n", "open sesame\n"],
      [" open sesame", " open sesame"],
    ] as const) {
      await writeFile(file, content);
      assert.deepEqual(await key({ MILLRACE_AUTH_KEY_FILE: file }), { key: expected, keys: [], url: "" });
    }
    await writeFile(file, "a,b\n");
    assert.deepEqual(await key({ MILLRACE_AUTH_KEYS_FILE: file }), { keys: ["a", "b"], url: "" });
    assert.deepEqual(await key({ MILLRACE_AUTH_KEY_FILE: file, MILLRACE_AUTH_KEY: "open sesame" }), [
      "MILLRACE_AUTH_KEY_FILE: MILLRACE_AUTH_KEY is given too; give one of them",
    ]);
    assert.deepEqual(await key({ MILLRACE_AUTH_KEY_FILE: `${file}s` }), [`MILLRACE_AUTH_KEY_FILE: ${file}s: there is no such file`]);
    assert.deepEqual(await key({ MILLRACE_AUTH_URL_FILE: file }), [
      "MILLRACE_AUTH_URL_FILE: no secret, so it is not read from a file; MILLRACE_AUTH_URL takes the value itself",
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a variable of a setting is known whatever the schema, a group alone is none", () => {
  assert.deepEqual(
    [...variables(withSecrets).keys()].filter((name) => name.includes("AUTH")),
    ["MILLRACE_AUTH_KEY", "MILLRACE_AUTH_KEY_FILE", "MILLRACE_AUTH_KEYS", "MILLRACE_AUTH_KEYS_FILE", "MILLRACE_AUTH_URL"],
  );
  assert.ok(!variables(configSchema).has("MILLRACE_RTMP"));
});
