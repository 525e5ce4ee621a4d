import { isRefused } from "../access/first-key.ts";
import { KeyFile } from "../access/key-file.ts";
import { KeyFileError, nameMistake } from "../access/key-list.ts";
import { keyMistake, newKey, type PublishKey } from "../access/publish-key.ts";
import type { Environment } from "../config/environment.ts";
import type { Arguments } from "./arguments.ts";
import { UsageError } from "./arguments.ts";
import { readSettings } from "./read-settings.ts";

/** What `millrace key` was asked to do. */
interface KeyRequest {
  readonly verb: "show" | "add" | "rotate" | "remove";
  /** The stream; undefined for the key of every stream. */
  readonly name?: string;
  /** A key of the caller's own. */
  readonly key?: string;
}

/** Where `millrace key` looks. */
interface KeyPlace {
  /** The data folder. */
  readonly folder: string;
  /** The setting `publishKey`, where it is set. */
  readonly setting: string | undefined;
}

const usage = "key, key add NAME [--key KEY], key rotate [NAME] [--key KEY], key remove NAME";

/**
 * Does what `millrace key` was asked for, in the folder that the settings name. A server that runs takes the change at once.
 *
 * @returns what to print
 * @throws {UsageError} for what is not possible; {ConfigError} as the start would; {KeyFileError} where the file is damaged or
 *   cannot be written
 */
export async function keyReport(
  given: Pick<Arguments, "operands" | "key" | "config" | "settings">,
  environment: Environment,
): Promise<string> {
  const request = readRequest(given.operands, given.key);
  const { config } = await readSettings(given, environment);
  const place = { folder: config.data, setting: config.publishKey };
  try {
    return await run(request, place);
  } catch (error) {
    if (!isRefused(error)) throw error;
    throw new KeyFileError(new KeyFile(place.folder).path, undefined, `cannot be read or written (${error.message})`);
  }
}

/** Reads what follows the word `key`. @throws {UsageError} */
function readRequest(words: readonly string[], key: string | undefined): KeyRequest {
  const [verb = "show", name] = words;
  if (verb !== "show" && verb !== "add" && verb !== "rotate" && verb !== "remove") {
    throw new UsageError(`there is no "key ${verb}"; there is ${usage}`);
  }
  if (name === undefined && (verb === "add" || verb === "remove")) {
    throw new UsageError(`key ${verb} needs the name of a stream, such as live/cam`);
  }
  if (key !== undefined && verb !== "add" && verb !== "rotate") throw new UsageError(`--key belongs to key add and key rotate`);
  const wrong = (name && nameMistake(name)) ?? (key && keyMistake(key));
  if (wrong) throw new UsageError(wrong);
  return { verb, ...(name !== undefined && { name }), ...(key !== undefined && { key }) };
}

async function run(request: KeyRequest, place: KeyPlace): Promise<string> {
  const file = new KeyFile(place.folder);
  if (request.verb === "show") return show((await file.read())?.keys, file.path, place);
  if (request.name === undefined && place.setting !== undefined) {
    throw new UsageError("the key for every stream is the setting publishKey: change it there, and start the server again");
  }
  let changed: PublishKey | undefined;
  await file.change((keys) => {
    const { after, entry } = change(keys, request, place);
    changed = entry;
    return after;
  });
  const lines = changed === undefined ? [`${request.name} has no key any more.`] : [row(changed)];
  return `${lines.join("\n")}\nA server that runs with this folder takes it at once; who is on air stays until it reconnects.\n`;
}

/** The keys after the change, and the one that it made. */
function change(
  keys: readonly PublishKey[],
  { verb, name, key }: KeyRequest,
  { setting }: KeyPlace,
): { after: PublishKey[]; entry?: PublishKey } {
  const at = keys.findIndex(({ stream }) => stream === name);
  if (verb === "remove") {
    if (at < 0) throw new UsageError(`${name} has no key`);
    if (keys.length === 1 && setting === undefined) {
      throw new UsageError("this is the last key, and nobody could publish without it: add or rotate one before");
    }
    return { after: keys.toSpliced(at, 1) };
  }
  if (verb === "add" && at >= 0) throw new UsageError(`${name} has a key; "key rotate ${name}" gives it another`);
  if (verb === "rotate" && at < 0 && name !== undefined) throw new UsageError(`${name} has no key; "key add ${name}" gives it one`);
  const entry = { key: key ?? newKey(), stream: name };
  const others = at < 0 ? keys : keys.toSpliced(at, 1);
  if (others.some((other) => other.key === entry.key)) throw new UsageError("that key is in use for another name: each has its own");
  // The first start would have made a key for every stream, and does not once there is a file.
  const first = keys.length === 0 && name !== undefined && setting === undefined ? [{ key: newKey(), stream: undefined }] : [];
  return { after: at < 0 ? [...first, ...keys, entry] : keys.with(at, entry), entry };
}

function show(keys: readonly PublishKey[] | undefined, path: string, { setting }: KeyPlace): string {
  const all = [...(setting === undefined ? [] : [{ key: setting, stream: undefined }]), ...(keys ?? [])];
  const origin = [...(setting === undefined ? [] : ["the setting publishKey"]), ...(keys ? [path] : [])].join(" and ");
  if (all.length === 0) {
    throw new UsageError(
      `there is no key in ${path} yet: the server makes one when it starts. Another folder is named with --data DIR or --config FILE`,
    );
  }
  return [`Publish keys, from ${origin}:`, "", ...all.map(row), ""].join("\n");
}

function row({ key, stream }: PublishKey): string {
  if (stream === undefined) return `  every stream\n    Stream Key   NAME?key=${key}`;
  const slash = stream.lastIndexOf("/");
  const [app, name] = [stream.slice(0, Math.max(0, slash)), stream.slice(slash + 1)];
  return `  ${stream}\n    Server       rtmp://HOST${app && `/${app}`}\n    Stream Key   ${key}   or ${name}?key=${key}`;
}
