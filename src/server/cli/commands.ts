import { hostAndPort } from "../config/renamed.ts";
import { configSchema } from "../config/schema.ts";
import { settingAt } from "../config/settings.ts";
import { typeWords } from "../config/reference.ts";

/**
 * What the program can be asked to do. To add a command: a name here, its row in `commands`, and its case in the `switch`
 * of src/cli.ts, which calls a function in a file of its own beside this one. A flag that only some commands take
 * names them in its row of `flags`.
 */
export const Command = { start: "start", check: "check", key: "key", schema: "schema", import: "import" } as const;
export type Command = (typeof Command)[keyof typeof Command];

interface CommandRow {
  /** What it takes beside its flags, as the help shows it; in brackets what may be left out. */
  readonly operands: readonly string[];
  /** Whether it takes the flags that set something, and `--config`. */
  readonly takesSettings: boolean;
  readonly help: string;
}

export const commands: Readonly<Record<Command, CommandRow>> = {
  start: { operands: [], takesSettings: true, help: "run the server; what happens without a command, too" },
  check: { operands: ["[FILE]"], takesSettings: true, help: "check the settings that a start would have, and say where each is from" },
  key: {
    operands: ["[ACTION]", "[NAME]"],
    takesSettings: true,
    help: "show the publish keys; the actions add, rotate, remove change them",
  },
  schema: { operands: [], takesSettings: false, help: "print the JSON schema of the YAML file, for editors" },
  import: { operands: ["FILE"], takesSettings: false, help: "print what an ffserver.conf says as our YAML" },
};

export interface Flag {
  /** How its value is shown in the help; undefined where it takes none. */
  readonly value?: string;
  readonly short?: string;
  readonly help: string;
  /** The settings it stands for, by key, from its value ("" where it takes none); words where that cannot be read. */
  readonly sets?: (text: string) => Readonly<Record<string, unknown>> | string;
  /** The commands that take it; undefined for every one that its kind is for. */
  readonly commands?: readonly Command[];
}

/** Every flag. The order is that of the help. */
export const flags: Readonly<Record<string, Flag>> = {
  "--config": { value: "FILE", help: "read settings from a YAML file (docs/config.md)", commands: takingSettings() },
  "--ffserver": {
    value: "FILE",
    short: "-f",
    help: "read settings from an ffserver.conf in their place (docs/ffserver.md)",
    commands: [Command.start, Command.check],
  },
  "--no-launch": { short: "-n", help: "run no programs that feeds name", sets: () => ({ launch: false }) },
  "--debug": { short: "-d", help: "log everything", sets: () => ({ "log.level": "debug" }) },
  "--rtmp": { value: "[HOST:]PORT", help: "where encoders publish; default 1935", sets: listening("rtmp") },
  "--http": { value: "[HOST:]PORT", help: "where the pages, the API and HTTP viewers are; default 8080", sets: listening("http") },
  "--data": { value: "DIR", help: "directory for what the server keeps; default data", sets: (data) => ({ data }) },
  "--key": { value: "KEY", help: "a key of your own, with key add and key rotate", commands: [Command.key] },
  "--no-auth": { help: "let everybody publish, without a key", sets: () => ({ auth: false }) },
  "--plugins": {
    value: "FILES",
    help: "plug-ins to load, with commas between (docs/plugins.md)",
    sets: (text) => ({ plugins: text.split(",") }),
  },
  "--demo": { help: "also publish a small built-in clip in a loop", sets: () => ({ demo: true }) },
  "--log-level": { value: "LEVEL", help: `${optionsOf("log.level")}; default info`, sets: (level) => ({ "log.level": level }) },
  "--version": { short: "-v", help: "print the version and end", commands: [Command.start] },
  "--help": { short: "-h", help: "print this and end", commands: Object.values(Command) },
};

/** The flags that a command takes. */
export function flagsOf(command: Command): ReadonlySet<string> {
  const taken = Object.entries(flags).filter(([, flag]) => (flag.commands ?? takingSettings()).includes(command));
  return new Set(taken.map(([name]) => name));
}

/** The text of `--help`, of the whole program or of one command. */
export function helpText(command: Command = Command.start): string {
  const rows = [...flagsOf(command)].map((name) => {
    const { value, short, help } = flags[name]!;
    return row([short, [name, value].filter(Boolean).join(" ")].filter(Boolean).join(", "), help);
  });
  const title = "Millrace, a live media server: publish over RTMP, watch in a browser.";
  const words = (name: Command) => [name, ...commands[name].operands].join(" ");
  const usage = (name: Command) => row(words(name), commands[name].help);
  const head =
    command === Command.start
      ? [title, "", "Commands:", ...Object.values(Command).map(usage)]
      : [`millrace ${words(command)}: ${commands[command].help}`];
  const tail = "Every setting can also come from a variable, MILLRACE_ and its key: docs/config.md lists them.";
  return [...head, "", "Flags:", ...rows, ...(commands[command].takesSettings ? ["", tail] : []), ""].join("\n");
}

function row(left: string, right: string): string {
  return `  ${left.padEnd(22)} ${right}`;
}

function takingSettings(): Command[] {
  return Object.values(Command).filter((name) => commands[name].takesSettings);
}

function listening(role: "rtmp" | "http"): NonNullable<Flag["sets"]> {
  return (text) => {
    const settings = hostAndPort(role, text);
    return typeof settings === "string" ? settings : { [`${role}.enabled`]: true, ...settings };
  };
}

function optionsOf(key: string): string {
  return typeWords(settingAt(key.split("."), configSchema)!.schema).replaceAll("`", "");
}
