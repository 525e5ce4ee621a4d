import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { configFileLimit, loadConfig, parseConfig as parseSource } from "./load.ts";
import { ConfigError } from "./problem.ts";
import { checkConfig, resolveConfig } from "./resolve.ts";
import { type Config, configSchema } from "./schema.ts";
import { listenAddress } from "./values.ts";

const parseConfig = (text: string, file: string): Config => resolveConfig([parseSource(text, file)]).config;

/** What a person wrote, and what they are told. */
const mistakes: [written: string, told: string][] = [
  ["rtpm: {}", "m.yaml:1:1: rtpm: unknown key; did you mean rtmp?"],
  ["rtmp:\n  Port: 1", "m.yaml:2:3: rtmp.Port: unknown key; did you mean port?"],
  ["host: a", "m.yaml:1:1: host: unknown key; did you mean rtmp.host or http.host?"],
  ["streams:\n  grace_period: 3s", "m.yaml:2:3: streams.grace_period: unknown key; did you mean gracePeriod?"],
  ["bitrate: 1", `m.yaml:1:1: bitrate: unknown key; here belong ${Object.keys(configSchema.shape).join(", ")}`],
  [
    "rtmp:\n  __proto__: 1",
    "m.yaml:2:3: rtmp.__proto__: unknown key; here belong enabled, host, port, publicUrl, maxConnections, handshakeTimeout, setupTimeout, pingAfter, maxMessageSize",
  ],
  ["rtmp: 1935", "m.yaml:1:7: rtmp: must be a group of settings, not 1935"],
  [
    "trustedProxies: [10.0.0.0/8, example.org]",
    'm.yaml:1:30: trustedProxies.1: must be an IP address, a range like "10.0.0.0/8", or loopback or private; IPv6 goes in quotes: "::1"',
  ],
  ["- a", "m.yaml:1:1: must be a group of settings, not a list"],
  ["rtmp:\n  enabled: yes", 'm.yaml:2:12: rtmp.enabled: must be true or false, not "yes"'],
  ["rtmp:\n  maxConnections: 0", "m.yaml:2:19: rtmp.maxConnections: 0 is too small: at least 1"],
  ["rtmp:\n  maxConnections: 1.5", "m.yaml:2:19: rtmp.maxConnections: must be a whole number, not 1.5"],
  ["rtmp:\n  port: localhost", 'm.yaml:2:9: rtmp.port: must be a number, not "localhost"'],
  ["rtmp:\n  port: 70000", "m.yaml:2:9: rtmp.port: 70000 is too large: at most 65535"],
  [
    "rtmp:\n  host: a b",
    'm.yaml:2:9: rtmp.host: must be an address, a host name or "*" for every interface; IPv6 goes in quotes and without brackets: "::1"',
  ],
  ["rtmp:\n  host: *", "m.yaml:2:9: aliases (*) are not allowed here; text that begins with * goes in quotes"],
  ["rtmp: {port: 1}\nhttp:\n  port: 1", "m.yaml:3:9: http.port: 1 is the port of RTMP too (rtmp.port)"],
  ["http:\n  port: 1\n  listen: 2", "m.yaml:3:3: http.listen: the old name of http.host and http.port; give the new ones only"],
  ["rtmp:\n  listen: localhost", 'm.yaml:2:3: rtmp.listen: "localhost" has no port: write HOST:PORT, or a port alone'],
  ["rtmp:\n  listen: 70000", "m.yaml:2:3: rtmp.listen: port 70000 is out of range: a port is 0 to 65535"],
  ["rtmp:\n  listen: '::1:1935'", 'm.yaml:2:3: rtmp.listen: write an IPv6 address in brackets: "[::1]:1935"'],
  ["rtmp:\n  listen: [::1]:1935", 'm.yaml:2:16: an IPv6 address goes in quotes: "::1"'],
  ["log:\n  level: inof", 'm.yaml:2:10: log.level: must be one of trace, debug, info, warn, error, silent, not "inof"; did you mean info?'],
  ["streams:\n  gracePeriod: 10", "m.yaml:2:16: streams.gracePeriod: must be a duration with its unit, like 500ms, 10s or 2m"],
  ["streams:\n  ringTime: 3days", 'm.yaml:2:13: streams.ringTime: "3days" is not a duration with its unit, like 500ms, 10s or 2m'],
  ["streams:\n  ringSize: 5GiB", "m.yaml:2:13: streams.ringSize: 5GiB is out of range: 1MiB to 4GiB"],
  [
    "http:\n  allowedOrigins: ['https://a.b/c']",
    'm.yaml:2:20: http.allowedOrigins.0: must be "*" or an origin without a path, like "https://example.org"',
  ],
  ["rtmp:\n  enabled: true\n  enabled: false", "m.yaml:3:3: this key stands here twice"],
  ["a: &a [x]\nb: *a", "m.yaml:2:4: aliases (*) are not allowed here; text that begins with * goes in quotes"],
  ["\trtmp: {}", "m.yaml:1:1: Tabs are not allowed as indentation"],
  ["rtmp: !!binary aGk=", "m.yaml:1:7: tags (!) are not allowed here; text that begins with ! goes in quotes"],
  [
    "demo: 1\nlog:\n  levle: info",
    "m.yaml:1:7: demo: must be true or false, not 1\nm.yaml:3:3: log.levle: unknown key; did you mean level?",
  ],
];

test("each mistake is answered with its place, the key and what would be right", () => {
  for (const [written, told] of mistakes) {
    assert.throws(() => parseConfig(written, "m.yaml"), { name: "ConfigError", message: told }, written);
  }
});

test("a place in S3 is told with all that it needs", () => {
  const s3 = { endpoint: "https://s3.example.org", bucket: "b", accessKey: "a" };
  assert.throws(() => checkConfig({ recording: { s3 } }), {
    message: /recording\.s3\.secretKey: is needed where recording\.s3\.endpoint is set/,
  });
  assert.equal(checkConfig({ recording: { s3: { ...s3, secretKey: "s" } } }).recording.s3.keepLocal, true);
});

test("empty text, comments and empty groups mean the defaults", () => {
  for (const text of ["", "# nothing\n", "rtmp:\n#  port: 3\n", "{}"]) assert.deepEqual(parseConfig(text, "m.yaml"), checkConfig());
});

test("values are read in their units", () => {
  const config = parseConfig(
    "rtmp: {host: '::1', port: 0}\nhttp: {host: 127.0.0.1, port: 80}\nstreams: {gracePeriod: 1.5m, ringSize: 32MiB}",
    "m.yaml",
  );
  assert.deepEqual(listenAddress(config.rtmp), { host: "::1", port: 0 });
  assert.deepEqual(listenAddress(config.http), { host: "127.0.0.1", port: 80 });
  assert.deepEqual(listenAddress(checkConfig().rtmp), { port: 1935 });
  assert.equal(config.streams.gracePeriod, 90_000);
  assert.equal(config.streams.ringSize, 32 * 1024 * 1024);
});

test("bombs are refused: nesting, aliases, files without an end", () => {
  const nested = [
    "[".repeat(100_000),
    "a: ".repeat(20_000),
    "{a: ".repeat(50_000),
    "- ".repeat(60_000),
    "- ".repeat(999),
    "[\n".repeat(30_000),
  ];
  for (const text of nested) assert.throws(() => parseConfig(text, "m.yaml"), ConfigError);
  const laughs = Array.from(
    { length: 30 },
    (_, n) =>
      `k${n}: &a${n} [${Array<string>(9)
        .fill(n === 0 ? "x" : `*a${n - 1}`)
        .join()}]`,
  ).join("\n");
  assert.throws(() => parseConfig(laughs, "m.yaml"), /aliases/);
});

test("a file that cannot be read says why", async () => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-config-"));
  try {
    const file = join(folder, "m.yaml");
    await assert.rejects(loadConfig(file), { name: "ConfigError", message: `${file}: there is no such file` });
    await assert.rejects(loadConfig(folder), { message: `${folder}: a directory; give the file itself` });
    await writeFile(file, "#".repeat(configFileLimit + 1));
    await assert.rejects(loadConfig(file), { message: `${file}: longer than 1024 KiB` });
    await writeFile(file, Uint8Array.of(0xff, 0xfe, 0x00));
    await assert.rejects(loadConfig(file), { message: `${file}: not UTF-8 text` });
    await writeFile(file, "demo: true\n");
    assert.deepEqual((await loadConfig(file)).settings, { demo: true });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("settings from a program are checked in the same words", () => {
  assert.throws(() => checkConfig({ streams: { gracePeriod: "10 parsecs" } } as never), {
    message: /^streams\.gracePeriod: "10 parsecs" is not a duration/,
  });
  assert.equal(checkConfig({ rtmp: { port: 0 } }).rtmp.port, 0);
});

test("any text either is a configuration or a ConfigError", () => {
  const pieces = fc.constantFrom(
    "rtmp",
    "port",
    "listen",
    ":",
    " ",
    "\n",
    "  ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "&a",
    "*a",
    "!!x",
    "'",
    '"',
    "1935",
    "|",
    ">",
    "?",
    "#",
    "%",
    "<<",
    "\t",
    "\u0000",
    "\ud800",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
      try {
        parseConfig(parts.join(""), "m.yaml");
      } catch (error) {
        assert.ok(error instanceof ConfigError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});
