import { z } from "zod";
import { nearest } from "./nearest.ts";
import type { ConfigProblem, SettingPlace } from "./problem.ts";
import { renamedSettings } from "./renamed.ts";
import { configSchema } from "./schema.ts";
import { settingsOf, variableName } from "./settings.ts";
import { singleSettings, type Source } from "./source.ts";
import { readTextFile } from "./text-file.ts";
import { readYaml } from "./yaml.ts";

/** The variables of a process, as Node gives them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says of the settings. */
export interface ReadEnvironment {
  readonly source: Source;
  /** The settings' file that `MILLRACE_CONFIG` names. */
  readonly file?: string;
  readonly problems: readonly ConfigProblem[];
  /** Variables that look like ours and are not, one sentence each. */
  readonly warnings: readonly string[];
}

/** Bytes of a file that holds a secret. */
const secretLimit = 64 * 1024;

const fileVariable = "MILLRACE_CONFIG";

/** A variable of ours: the setting whose value it holds, or names the file of. */
interface Variable {
  readonly path: readonly string[];
  readonly schema: z.ZodType;
  readonly isFile: boolean;
}

/** Reads every `MILLRACE_…` variable. An empty one counts as not set. */
export async function readEnvironment(environment: Environment, schema: z.ZodObject = configSchema): Promise<ReadEnvironment> {
  const known = variables(schema);
  const given: Parameters<typeof singleSettings>[0][number][] = [];
  const problems: ConfigProblem[] = [];
  const warnings: string[] = [];
  for (const [name, text] of Object.entries(environment)) {
    if (!/^MILLRACE_/i.test(name) || name === fileVariable || text === undefined || text === "" || isServiceLink(name, text)) continue;
    const variable = known.get(name);
    const place: SettingPlace = { kind: "variable", name };
    if (!variable) {
      const { message, isMistake } = unknownVariable(name, [...known.keys()], schema);
      if (isMistake) problems.push({ place, key: "", message });
      else warnings.push(`${name}: ${message}`);
      continue;
    }
    const read = variable.isFile ? await readSecret(text) : { text };
    const key = variable.path.join(".");
    const value = "text" in read ? fromText(read.text, variable.schema) : undefined;
    const twice = variable.isFile && (environment[name.slice(0, -fileSuffix.length)] ?? "") !== "";
    if (twice) problems.push({ place, key, message: `${name.slice(0, -fileSuffix.length)} is given too; give one of them` });
    else if ("mistake" in read) problems.push({ place, key, message: `${text}: ${read.mistake}` });
    else given.push({ path: variable.path, value, place });
  }
  const file = environment[fileVariable];
  return { source: singleSettings(given), problems, warnings, ...(file !== undefined && file !== "" && { file }) };
}

const fileSuffix = "_FILE";

/** Every variable there is, by its name; old names of settings among them. */
export function variables(schema: z.ZodObject = configSchema): ReadonlyMap<string, Variable> {
  const map = new Map<string, Variable>();
  for (const { path, variable, secret, schema: value } of settingsOf(schema)) {
    map.set(variable, { path, schema: value, isFile: false });
    if (secret) map.set(`${variable}${fileSuffix}`, { path, schema: value, isFile: true });
  }
  for (const { from, schema: value } of renamedSettings) {
    const path = from.split(".");
    map.set(variableName(path), { path, schema: value, isFile: false });
  }
  return map;
}

/**
 * What Kubernetes sets in every container beside a service called `millrace` or `millrace-rtmp`, for example
 * `MILLRACE_SERVICE_HOST`, `MILLRACE_PORT_1935_TCP_ADDR` and `MILLRACE_RTMP_PORT=tcp://10.0.0.1:1935`
 * (kubernetes.io, "Discovering services", environment variables).
 */
function isServiceLink(name: string, text: string): boolean {
  if (/_SERVICE_(HOST|PORT|PORT_[A-Z\d_]+)$/.test(name)) return true;
  if (/_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name)) return true;
  return name.endsWith("_PORT") && /^(tcp|udp|sctp):\/\//.test(text);
}

/**
 * A name that is near one of ours or begins with a group of ours was meant for us, and the start must not go on without
 * what it says. Any other may be for something else in the container: a warning.
 */
function unknownVariable(name: string, known: readonly string[], schema: z.ZodObject): { message: string; isMistake: boolean } {
  const base = name.endsWith(fileSuffix) ? name.slice(0, -fileSuffix.length) : undefined;
  if (base !== undefined && known.includes(base)) {
    return { message: `no secret, so it is not read from a file; ${base} takes the value itself`, isMistake: true };
  }
  const rest = (variable: string) => variable.slice("MILLRACE_".length);
  const near = nearest(rest(name), [...known, fileVariable].map(rest));
  const group = Object.keys(schema.shape).find((key) => name.toUpperCase().startsWith(`${variableName([key])}_`));
  const message = `unknown variable; ${near === undefined ? "docs/config.md lists the variables" : `did you mean MILLRACE_${near}?`}`;
  return { message, isMistake: near !== undefined || group !== undefined };
}

async function readSecret(file: string): ReturnType<typeof readTextFile> {
  const read = await readTextFile(file, secretLimit);
  return "text" in read ? { text: read.text.replace(/\r?\n$/, "") } : read;
}

/** The value as YAML would have it, as far as the text is one of its kind; else the text, for the schema to judge. */
export function fromText(text: string, schema: z.ZodType): unknown {
  if (schema instanceof z.ZodBoolean) return text === "true" ? true : text === "false" ? false : text;
  if (schema instanceof z.ZodNumber) return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  if (schema instanceof z.ZodPipe) return fromText(text, schema.in as z.ZodType);
  if (schema instanceof z.ZodArray) {
    if (text.startsWith("[")) return fromFlow(text);
    return text.split(",").map((part) => fromText(part.trim(), schema.element as z.ZodType));
  }
  if (schema instanceof z.ZodUnion) return fromTextOf(text, schema.options as readonly z.ZodType[]);
  if (schema instanceof z.ZodRecord || schema instanceof z.ZodObject) return fromFlow(text);
  return text;
}

/** The first kind that makes something else of the text has it. */
function fromTextOf(text: string, options: readonly z.ZodType[]): unknown {
  const values = options
    .filter((option) => !(option instanceof z.ZodArray) || text.startsWith("["))
    .map((option) => fromText(text, option));
  return values.find((value) => value !== text) ?? text;
}

/** A value in YAML's flow form, `[a, b]` or `{a: 1}`; the text where it is none. */
function fromFlow(text: string): unknown {
  const { document } = readYaml(text);
  const value: unknown = document?.toJS({ maxAliasCount: 0 });
  return typeof value === "object" && value !== null ? value : text;
}
