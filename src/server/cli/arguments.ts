import { nearest } from "../config/nearest.ts";
import { type ListenAddress, parseListen } from "../config/values.ts";

/** What the command line asks for; undefined where a flag was not given. */
export interface Arguments {
  readonly config?: string;
  readonly rtmp?: ListenAddress;
  readonly http?: ListenAddress;
  readonly data?: string;
  readonly demo: boolean;
  readonly logLevel?: LogLevel;
  readonly version: boolean;
  readonly help: boolean;
}

const logLevels = ["trace", "debug", "info", "warn", "error", "silent"] as const;
type LogLevel = (typeof logLevels)[number];

/** A mistake on the command line; the message is for the person who typed it. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

interface Flag {
  /** How its value is shown in the help; undefined where it takes none. */
  readonly value?: string;
  readonly short?: string;
  readonly help: string;
}

/** Every flag. The order is that of the help. */
export const flags: Readonly<Record<string, Flag>> = {
  "--config": { value: "FILE", help: "read settings from a YAML file (docs/config.md)" },
  "--rtmp": { value: "[HOST:]PORT", help: "where encoders publish; default 1935" },
  "--http": { value: "[HOST:]PORT", help: "where the pages, the API and HTTP viewers are; default 8080" },
  "--data": { value: "DIR", help: "directory for what the server keeps; default data" },
  "--demo": { help: "also publish a small built-in clip in a loop" },
  "--log-level": { value: "LEVEL", help: `${logLevels.slice(0, -1).join(", ")} or ${logLevels.at(-1)}; default info` },
  "--version": { short: "-v", help: "print the version and end" },
  "--help": { short: "-h", help: "print this and end" },
};

/** The text of `--help`. */
export function helpText(): string {
  const rows = Object.entries(flags).map(([name, { value, short, help }]) => {
    const left = [short, [name, value].filter(Boolean).join(" ")].filter(Boolean).join(", ");
    return `  ${left.padEnd(22)} ${help}`;
  });
  return ["Millrace, a live media server: publish over RTMP, watch in a browser.", "", "Flags:", ...rows, ""].join("\n");
}

/** Reads the arguments after the program's name. @throws UsageError for the first mistake */
export function parseArguments(argv: readonly string[]): Arguments {
  const given = new Map<string, string>();
  for (let index = 0; index < argv.length; index++) {
    const [typed, attached] = split(argv[index]!);
    const name = flagNamed(typed);
    if (given.has(name)) throw new UsageError(`${name} is given twice`);
    const { value } = flags[name]!;
    if (value === undefined) {
      if (attached !== undefined) throw new UsageError(`${name} takes no value`);
      given.set(name, "");
      continue;
    }
    const text = attached ?? argv[++index];
    if (text === undefined || text === "" || (attached === undefined && text.startsWith("--"))) {
      throw new UsageError(`${name} needs a value: ${name} ${value}`);
    }
    given.set(name, text);
  }
  return interpret(given);
}

function split(argument: string): [name: string, value?: string] {
  const equals = argument.startsWith("--") ? argument.indexOf("=") : -1;
  return equals < 0 ? [argument] : [argument.slice(0, equals), argument.slice(equals + 1)];
}

function flagNamed(typed: string): string {
  if (Object.hasOwn(flags, typed)) return typed;
  const short = Object.entries(flags).find(([, flag]) => flag.short === typed);
  if (short) return short[0];
  const guess = nearest(typed, Object.keys(flags));
  const hint = guess === undefined ? "--help lists the flags" : `did you mean ${guess}?`;
  throw new UsageError(typed.startsWith("-") ? `unknown flag ${typed}; ${hint}` : `unexpected argument "${typed}"; ${hint}`);
}

function interpret(given: ReadonlyMap<string, string>): Arguments {
  const config = given.get("--config");
  const data = given.get("--data");
  const rtmp = listenFlag(given, "--rtmp");
  const http = listenFlag(given, "--http");
  const logLevel = levelFlag(given.get("--log-level"));
  return {
    ...(config !== undefined && { config }),
    ...(rtmp && { rtmp }),
    ...(http && { http }),
    ...(data !== undefined && { data }),
    ...(logLevel && { logLevel }),
    demo: given.has("--demo"),
    version: given.has("--version"),
    help: given.has("--help"),
  };
}

function listenFlag(given: ReadonlyMap<string, string>, name: string): ListenAddress | undefined {
  const text = given.get(name);
  if (text === undefined) return undefined;
  const address = parseListen(text);
  if (typeof address === "string") throw new UsageError(`${name}: ${address}`);
  return address;
}

function levelFlag(text: string | undefined): LogLevel | undefined {
  if (text === undefined) return undefined;
  const level = logLevels.find((known) => known === text);
  if (level) return level;
  const guess = nearest(text, logLevels);
  throw new UsageError(`--log-level: "${text}" is none of ${logLevels.join(", ")}${guess ? `; did you mean ${guess}?` : ""}`);
}
