import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseArguments, UsageError } from "./arguments.ts";
import { Command, flags, helpText } from "./commands.ts";

const set = (flag: string, key: string, value: unknown) => ({ path: key.split("."), value, place: { kind: "flag", name: flag } });
const none = { command: "start", operands: [], settings: [], version: false, help: false };

test("flags are read, with the value attached or after them", () => {
  assert.deepEqual(parseArguments([]), none);
  assert.deepEqual(parseArguments(["--rtmp", "127.0.0.1:1936", "--http=80", "--demo"]), {
    ...none,
    settings: [
      set("--rtmp", "rtmp.enabled", true),
      set("--rtmp", "rtmp.host", "127.0.0.1"),
      set("--rtmp", "rtmp.port", 1936),
      set("--http", "http.enabled", true),
      set("--http", "http.port", 80),
      set("--demo", "demo", true),
    ],
  });
  assert.deepEqual(parseArguments(["--config", "m.yaml", "--data", "d", "--log-level", "debug"]), {
    ...none,
    config: "m.yaml",
    settings: [set("--data", "data", "d"), set("--log-level", "log.level", "debug")],
  });
  assert.deepEqual(parseArguments(["-h", "-v"]), { ...none, help: true, version: true });
});

test("a command stands before, between or after its flags, with what it takes", () => {
  const check = { ...none, command: "check", operands: ["m.yaml"] };
  assert.deepEqual(parseArguments(["check", "m.yaml"]), check);
  assert.deepEqual(parseArguments(["--demo", "check", "m.yaml"]), { ...check, settings: [set("--demo", "demo", true)] });
  assert.deepEqual(parseArguments(["check", "--data", "check", "m.yaml"]), { ...check, settings: [set("--data", "data", "check")] });
  assert.deepEqual(parseArguments(["start"]), none);
});

test("a mistake names the flag and what was probably meant", () => {
  const cases: [string[], string][] = [
    [["--rtpm", "1"], "unknown flag --rtpm; did you mean --rtmp?"],
    [["--loglevel", "info"], "unknown flag --loglevel; did you mean --log-level?"],
    [["-p"], "unknown flag -p; --help lists the flags"],
    [["chek", "m.yaml"], 'unexpected argument "chek"; did you mean check?'],
    [["check", "a", "b"], 'unexpected argument "b" after millrace check [FILE]'],
    [["start", "b"], 'unexpected argument "b" after millrace start'],
    [["check", "--version"], "millrace check takes no --version; millrace check --help lists its flags"],
    [["demo"], 'unexpected argument "demo"; did you mean --demo?'],
    [["1935"], 'unexpected argument "1935"; --help lists the flags'],
    [["--rtmp"], "--rtmp needs a value: --rtmp [HOST:]PORT"],
    [["--config", "--demo"], "--config needs a value: --config FILE"],
    [["--rtmp", "x"], '--rtmp: "x" has no port: write HOST:PORT, or a port alone'],
    [["--rtmp=99999"], "--rtmp: port 99999 is out of range: a port is 0 to 65535"],
    [["--demo=yes"], "--demo takes no value"],
    [["--http", "1", "--http", "2"], "--http is given twice"],
    [["--constructor"], "unknown flag --constructor; --help lists the flags"],
  ];
  for (const [argv, message] of cases) assert.throws(() => parseArguments(argv), { name: "UsageError", message }, argv.join(" "));
});

test("any arguments either are understood or are a UsageError", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string(), fc.constantFrom(...Object.keys(flags), ...Object.values(Command))), { maxLength: 5 }),
      (argv) => {
        try {
          parseArguments(argv);
        } catch (error) {
          assert.ok(error instanceof UsageError, String(error));
        }
      },
    ),
  );
});

test("the help names every flag and command and fits 100 columns", () => {
  const whole = Object.values(Command).map((command) => helpText(command));
  for (const name of [...Object.keys(flags), ...Object.values(Command)])
    assert.ok(
      whole.some((text) => text.includes(`  ${name} `) || text.includes(`, ${name} `)),
      name,
    );
  for (const line of whole.join("\n").split("\n")) assert.ok(line.length <= 100, line);
});
