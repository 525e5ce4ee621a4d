import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { flags, helpText, parseArguments, UsageError } from "./arguments.ts";

test("flags are read, with the value attached or after them", () => {
  const none = { demo: false, version: false, help: false };
  assert.deepEqual(parseArguments([]), none);
  assert.deepEqual(parseArguments(["--rtmp", "127.0.0.1:1936", "--http=[::1]:80", "--demo"]), {
    ...none,
    rtmp: { host: "127.0.0.1", port: 1936 },
    http: { host: "::1", port: 80 },
    demo: true,
  });
  assert.deepEqual(parseArguments(["--config", "m.yaml", "--data", "d", "--log-level", "debug"]), {
    ...none,
    config: "m.yaml",
    data: "d",
    logLevel: "debug",
  });
  assert.deepEqual(parseArguments(["-h", "-v"]), { ...none, help: true, version: true });
});

test("a mistake names the flag and what was probably meant", () => {
  const cases: [string[], string][] = [
    [["--rtpm", "1"], "unknown flag --rtpm; did you mean --rtmp?"],
    [["--loglevel", "info"], "unknown flag --loglevel; did you mean --log-level?"],
    [["-p"], "unknown flag -p; --help lists the flags"],
    [["demo"], 'unexpected argument "demo"; did you mean --demo?'],
    [["1935"], 'unexpected argument "1935"; --help lists the flags'],
    [["--rtmp"], "--rtmp needs a value: --rtmp [HOST:]PORT"],
    [["--config", "--demo"], "--config needs a value: --config FILE"],
    [["--rtmp", "x"], '--rtmp: "x" has no port: write HOST:PORT, or a port alone'],
    [["--rtmp=99999"], "--rtmp: port 99999 is out of range: a port is 0 to 65535"],
    [["--demo=yes"], "--demo takes no value"],
    [["--http", "1", "--http", "2"], "--http is given twice"],
    [["--log-level", "wran"], '--log-level: "wran" is none of trace, debug, info, warn, error, silent; did you mean warn?'],
    [["--constructor"], "unknown flag --constructor; --help lists the flags"],
  ];
  for (const [argv, message] of cases) assert.throws(() => parseArguments(argv), { name: "UsageError", message }, argv.join(" "));
});

test("any arguments either are understood or are a UsageError", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom(...Object.keys(flags))), { maxLength: 5 }), (argv) => {
      try {
        parseArguments(argv);
      } catch (error) {
        assert.ok(error instanceof UsageError, String(error));
      }
    }),
  );
});

test("the help names every flag and fits 100 columns", () => {
  for (const name of Object.keys(flags)) assert.ok(helpText().includes(name));
  for (const line of helpText().split("\n")) assert.ok(line.length <= 100, line);
});
