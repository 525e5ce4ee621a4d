import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { parseConfig } from "../config/load.ts";
import { ConfigError } from "../config/problem.ts";
import { resolveConfig } from "../config/resolve.ts";
import type { Config } from "../config/schema.ts";
import { parseFfserverConf } from "../ffserver/parse-conf.ts";
import { importedYaml, importReport } from "./import-report.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-import-"));
after(() => rmSync(folder, { recursive: true }));
const examplePath = new URL("../../../test/fixtures/ffserver.conf", import.meta.url);

/** A file in the test's folder. */
function file(name: string, text: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** What the YAML configures; it is taken without a mistake and without a warning. */
function taken(yaml: string): Config {
  const { config, warnings } = resolveConfig([parseConfig(yaml, "imported.yaml")]);
  assert.deepEqual(warnings, []);
  return config;
}

const imported = (text: string): string => importedYaml(parseFfserverConf(text, "ffserver.conf"));

/** The presets of the example, in a folder as FFmpeg has it. */
const environment = { FFMPEG_DATADIR: folder };
file("voice.ffpreset", "b=48000\n");
file("field.ffpreset", "b=90000\n");

test("the whole of an ffserver.conf is settings that are taken, and comments", async () => {
  const yaml = await importReport({ operands: [examplePath.pathname] }, environment);
  const { http, viewers, rtmp, log, feedsOnly, feeds, outputs, redirects } = taken(yaml);
  assert.deepEqual(
    [http.enabled, http.host, http.port, http.maxConnections, viewers.max, viewers.maxBandwidth, rtmp.enabled, log.access, feedsOnly],
    [true, "127.0.0.1", 8090, 3000, 2500, 20_000, false, "-", true],
  );
  assert.deepEqual(Object.keys(feeds), ["roof.ffm", "yard.ffm"]);
  assert.deepEqual(feeds["roof.ffm"]!.acl, [
    { action: "allow", first: "127.0.0.1", last: "127.0.0.1" },
    { action: "allow", first: "10.20.0.0", last: "10.20.255.255" },
  ]);
  const { file: ring, maxSize, truncate } = feeds["roof.ffm"]!;
  assert.deepEqual([ring, maxSize, truncate], ["/var/spool/cams/roof ring.ffm.ring", 2 * 1024 ** 2, true]);
  assert.deepEqual(feeds["roof.ffm"]!.launch.slice(0, 3), ["ffmpeg", "-f", "v4l2"]);
  assert.equal(feeds["roof.ffm"]!.encodings[0]!.codec.name, "aac");
  const { file: yard, readOnly, encodings } = feeds["yard.ffm"]!;
  assert.deepEqual([yard, readOnly, encodings], ["/srv/yard.ffm", true, []]);
  const flv = outputs["roof.flv"]!;
  assert.deepEqual(
    [flv.feed, flv.format, flv.encodings, flv.preroll, flv.maxTime, flv.dynamicAcl, flv.metadata["title"]],
    ["roof.ffm", "flv", [1, 2], 15_000, 3_600_500, "/etc/cams/viewers.acl", "Roof, looking north"],
  );
  assert.equal(outputs["relay.ffm"]!.encodings, undefined);
  assert.deepEqual([outputs["archive.asf"]!.file, outputs["archive.asf"]!.inputFormat], ["/srv/archive.avi", "avi"]);
  assert.equal(outputs["stat.html"]!.format, "status");
  assert.deepEqual(redirects, { "index.html": "http://user:secret@cams.example.org/" });
  const comments = yaml.split("\n").filter((line) => line.startsWith("#"));
  for (const words of ["RTSP on 127.0.0.1:5454", "stream roof.flv: StartSendOnKey", "stream field: multicast 224.124.0.1:5000, TTL 8"])
    assert.ok(
      comments.some((line) => line.includes(words)),
      words,
    );
  assert.ok(comments.some((line) => /warning: .*ffserver\.conf:11: NoDaemon/.test(line)));
  assert.doesNotMatch(comments.join("\n"), /secret/);
});

test("without HTTPPort nothing is served over HTTP, and RTMP is off", () => {
  assert.equal(taken(imported("MaxClients 7")).http.enabled, false);
  const { http, rtmp } = taken(imported("HTTPPort 1935"));
  assert.deepEqual([http.port, rtmp.enabled], [1935, false]);
});

test("whatever a file says, what is printed is taken", () => {
  const example = readFileSync(examplePath, "utf8").split("\n");
  const hosts = fc.constantFrom("0.0.0.0", "10.0.0.1", "localhost", "no", "on", "1e5", "0x10", "null", "a_b-c.d");
  const odd = fc.string({ unit: fc.constantFrom(..."a[{}]#: \u0085\u2028\u0007é'&*!|>%@`-?".split("")), minLength: 1, maxLength: 40 });
  const lines = fc.tuple(hosts, fc.integer({ min: 1, max: 65_535 }), fc.array(odd, { maxLength: 6 }), fc.subarray(example));
  fc.assert(
    fc.property(lines, ([host, port, names, some]) => {
      const sections = names.map(
        (name, i) =>
          `<Redirect ${i}>\nURL http://h/${i}\n</Redirect>\n<Stream ${name}${i}.flv>\nFile "${name}"\nMetadata k "${name}"\n</Stream>`,
      );
      const text = `HTTPPort ${port}\nHTTPBindAddress ${host}\n${sections.join("\n")}`;
      const whole = parseFfserverConf(text, "ffserver.conf");
      if (whole.notes.errors.length === 0) {
        const { http } = taken(importedYaml(whole));
        assert.deepEqual([http.host, http.port], [host, port]);
      }
      const parsed = parseFfserverConf(some.join("\n"), "ffserver.conf");
      if (parsed.notes.errors.length === 0) taken(importedYaml(parsed));
    }),
  );
});

test("a file of the largest size prints text that is taken, or says that there is too much of it", () => {
  const streams = (count: number): string =>
    Array.from(
      { length: count },
      (_, i) => `<Stream ${"[".repeat(300)}${i}.flv>\nFile /x\nMetadata a ${"{".repeat(500)}\n</Stream>\n`,
    ).join("");
  const { outputs } = taken(imported(`HTTPPort 8090\n${streams(20)}`));
  assert.deepEqual(outputs[`${"[".repeat(300)}19.flv`]!.metadata, { a: "{".repeat(500) });
  assert.throws(() => imported(`HTTPPort 8090\n${streams(1500)}`), /longer than the 1024 KiB/);
});

test("mistakes are told by file and line, and so is a file that cannot be read", async () => {
  const refused = (path: string, words: RegExp): Promise<void> =>
    assert.rejects(importReport({ operands: [path] }, {}), (error) => error instanceof ConfigError && words.test(error.message));
  await refused(
    file("bad.conf", "HTTPPort 8090\nMaxClient 3\n<Feed f>\n"),
    /bad\.conf:2: Incorrect keyword: 'MaxClient'\n.*bad\.conf: Missing closing <\/Feed> tag$/s,
  );
  await refused(join(folder, "nowhere.conf"), /there is no such file/);
  await refused(folder, /a directory/);
  await refused(file("large.conf", Buffer.alloc(10 * 1024 * 1024, "# nothing\n")), /longer than 1024 KiB/);
  await refused(
    file("preset.conf", "<Feed f>\n</Feed>\n<Stream a.ogg>\nFeed f\nAVPresetAudio nowhere\n</Stream>"),
    /File for preset 'nowhere' not found/,
  );
});

test("a file in Latin-1 is read", async () => {
  const yaml = await importReport(
    {
      operands: [file("latin1.conf", Buffer.from("HTTPPort 8090\n<Stream a.flv>\nFile /a\nMetadata title caf\xe9\n</Stream>\n", "latin1"))],
    },
    {},
  );
  assert.match(yaml, /café/);
  taken(yaml);
});
