import { type Logger, type LoggerOptions, pino } from "pino";

/** What the server and its protocols write to. A program that embeds Millrace may pass its own pino logger. */
export type Log = Logger;

export interface LogOptions {
  readonly level: "trace" | "debug" | "info" | "warn" | "error" | "silent";
  /** `text` for people, `json` one object a line. */
  readonly format: "text" | "json";
  /** Colours, in text only. */
  readonly colour: boolean;
  /** Takes whole lines, each with its line end. */
  readonly write: (line: string) => void;
}

/** A logger in one of the two forms. */
export function createLog({ level, format, colour, write }: LogOptions): Log {
  const options: LoggerOptions = { level, base: null, serializers: { err: pino.stdSerializers.err } };
  return pino(options, { write: format === "json" ? write : (line: string) => write(textLine(line, colour)) });
}

/** A logger that writes nothing: the default of the library. */
export function silentLog(): Log {
  // Without a place to write to, pino would open standard output and wait for the process to end.
  return pino({ level: "silent" }, { write: () => undefined });
}

const levels: Readonly<Record<number, readonly [word: string, colour: string]>> = {
  10: ["trace", "90"],
  20: ["debug", "36"],
  30: ["info ", "32"],
  40: ["warn ", "33"],
  50: ["error", "31"],
  60: ["fatal", "31"],
};

/** `12:30:01.250 info  message  key=value`. What peers sent cannot break out of its line or paint the terminal. */
export function textLine(json: string, colour: boolean): string {
  const { level, time, msg, err, ...rest } = JSON.parse(json) as Record<string, unknown>;
  const [word, code] = levels[Number(level)] ?? ["     ", "0"];
  const stamp = new Date(Number(time)).toTimeString().slice(0, 8) + `.${String(Number(time) % 1000).padStart(3, "0")}`;
  const fields = Object.entries(rest).map(([key, value]) => `${key}=${fieldText(value)}`);
  const paint = (text: string, sgr: string) => (colour && text !== "" ? `\u001b[${sgr}m${text}\u001b[0m` : text);
  const parts = [paint(stamp, "90"), paint(word, code), safe(typeof msg === "string" ? msg : ""), paint(fields.join(" "), "90")];
  return `${parts.filter((part) => part !== "").join(" ")}\n${errorLines(err)}`;
}

function fieldText(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /^[\w.:/@+-]+$/.test(text) ? text : safe(typeof value === "string" ? JSON.stringify(value) : text);
}

function errorLines(err: unknown): string {
  if (typeof err !== "object" || err === null || !("stack" in err)) return "";
  const lines = String(err.stack).split("\n");
  return lines.map((line) => `    ${safe(line)}\n`).join("");
}

function safe(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
