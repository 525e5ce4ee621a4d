import { nearest } from "../config/nearest.ts";
import type { SettingPlace } from "../config/problem.ts";
import { Command, commands, type Flag, flags, flagsOf } from "./commands.ts";

/** What the command line asks for. */
export interface Arguments {
  readonly command: Command;
  /** What stands beside the flags, as many as the command takes. */
  readonly operands: readonly string[];
  /** `--config`. */
  readonly config?: string;
  /** `--ffserver`. */
  readonly ffserver?: string;
  /** `--key`. */
  readonly key?: string;
  /** What flags set, as it was written; the settings' own check is still to come. */
  readonly settings: readonly { readonly path: readonly string[]; readonly value: unknown; readonly place: SettingPlace }[];
  readonly version: boolean;
  readonly help: boolean;
}

/** A mistake on the command line; the message is for the person who typed it. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Reads the arguments after the program's name. @throws UsageError for the first mistake */
export function parseArguments(argv: readonly string[]): Arguments {
  const { words, given } = separate(argv);
  const [command, operands] = commandOf(words);
  for (const name of given.keys()) {
    if (!flagsOf(command).has(name))
      throw new UsageError(`millrace ${command} takes no ${name}; millrace ${command} --help lists its flags`);
  }
  const help = given.has("--help");
  const version = given.has("--version");
  if (!help && !version) checkOperands(command, operands);
  const [config, ffserver, key] = [given.get("--config"), given.get("--ffserver"), given.get("--key")];
  if (config !== undefined && ffserver !== undefined) throw new UsageError("--config and --ffserver are two files for the same: give one");
  const optional = {
    ...(config !== undefined && { config }),
    ...(ffserver !== undefined && { ffserver }),
    ...(key !== undefined && { key }),
  };
  return { command, operands, ...optional, settings: settingsOf(given), help, version };
}

/** Flags with their values, and what stands beside them. */
function separate(argv: readonly string[]): { words: string[]; given: Map<string, string> } {
  const given = new Map<string, string>();
  const words: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const [typed, attached] = split(argv[index]!);
    if (!typed.startsWith("-")) {
      words.push(typed);
      continue;
    }
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
  return { words, given };
}

function split(argument: string): [name: string, value?: string] {
  const equals = argument.startsWith("--") ? argument.indexOf("=") : -1;
  return equals < 0 ? [argument] : [argument.slice(0, equals), argument.slice(equals + 1)];
}

function flagNamed(typed: string): string {
  if (Object.hasOwn(flags, typed)) return typed;
  const short = Object.entries(flags).find(([, flag]) => flag.short === typed);
  if (short) return short[0];
  throw new UsageError(`unknown flag ${typed}; ${hint(typed, Object.keys(flags))}`);
}

/** The command that the first word names, and the other words; without any word it is the start. */
function commandOf([word, ...rest]: readonly string[]): [Command, string[]] {
  if (word === undefined) return [Command.start, []];
  const command = Object.values(Command).find((name) => name === word);
  if (command) return [command, rest];
  throw new UsageError(`unexpected argument "${word}"; ${hint(word, [...Object.values(Command), ...Object.keys(flags)])}`);
}

function hint(typed: string, known: readonly string[]): string {
  const guess = nearest(typed, known);
  return guess === undefined ? "--help lists the flags" : `did you mean ${guess}?`;
}

function checkOperands(command: Command, operands: readonly string[]): void {
  const { operands: taken } = commands[command];
  const missing = taken.slice(operands.length).find((name) => !name.startsWith("["));
  if (missing !== undefined) throw new UsageError(`millrace ${command} needs ${missing}: millrace ${[command, ...taken].join(" ")}`);
  const extra = operands[taken.length];
  if (extra !== undefined) throw new UsageError(`unexpected argument "${extra}" after millrace ${[command, ...taken].join(" ")}`);
}

function settingsOf(given: ReadonlyMap<string, string>): Arguments["settings"] {
  return [...given].flatMap(([name, text]) => {
    const set: ReturnType<NonNullable<Flag["sets"]>> = flags[name]!.sets?.(text) ?? {};
    if (typeof set === "string") throw new UsageError(`${name}: ${set}`);
    return Object.entries(set).map(([key, value]) => ({ path: key.split("."), value, place: { kind: "flag", name } as const }));
  });
}
