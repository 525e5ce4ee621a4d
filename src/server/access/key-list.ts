import { streamAddress } from "../../hub/identity.ts";
import { Refusal } from "../../hub/refusal.ts";
import { keyMistake, type PublishKey, withoutKeys } from "./publish-key.ts";

/** A file of keys is not what it should be. `message` is `file:line: what is wrong, and what to do`; no key is in it. */
export class KeyFileError extends Error {
  override readonly name = "KeyFileError";

  /** @param line from 1; undefined where it concerns the whole file */
  constructor(file: string, line: number | undefined, words: string) {
    super(`${line === undefined ? file : `${file}:${line}`}: ${words}`);
  }
}

/** Most keys in one file: each publisher's key is compared with all of them. */
export const maxKeys = 1000;

/** Stands for the stream's name in the line of the key that publishes every stream. */
const everyStream = "*";

const heading = `# Publish keys of Millrace: who has one of them can publish. "millrace key" shows and changes them.
# One a line: the key, and the stream that it publishes, or * for every stream. A change counts at once.
`;

/** The text of a file of keys. */
export function writeKeyList(keys: readonly PublishKey[]): string {
  return heading + keys.map(({ key, stream }) => `${key} ${stream ?? everyStream}\n`).join("");
}

/**
 * Reads the text of a file of keys, which a person may have edited.
 *
 * @param file its name for messages
 * @throws {KeyFileError} for the first line that is none
 */
export function readKeyList(text: string, file: string): readonly PublishKey[] {
  const keys: PublishKey[] = [];
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const mistake = (words: string) => new KeyFileError(file, index + 1, words);
    const entry = readLine(line, mistake);
    if (keys.some(({ key }) => key === entry.key)) throw mistake("this key stands here twice; take one of the two lines out");
    const name = entry.stream ?? "every stream";
    if (keys.some(({ stream }) => stream === entry.stream)) throw mistake(`a second key for ${name}; take one of the two lines out`);
    if (keys.length === maxKeys) throw mistake(`more than ${maxKeys} keys; take some out`);
    keys.push(entry);
  }
  if (keys.length === 0) throw new KeyFileError(file, undefined, `no key is in it; "millrace key rotate" writes a new one`);
  return keys;
}

function readLine(line: string, mistake: (words: string) => KeyFileError): PublishKey {
  const [key, ...rest] = line.split(/\s+/) as [string, ...string[]];
  const keyWrong = keyMistake(key);
  if (keyWrong !== undefined) throw mistake(`${keyWrong}; mend the line or take it out`);
  const name = line.slice(key.length).trim();
  if (rest.length === 0) throw mistake("after the key comes the stream that it publishes, or * for every stream");
  if (name === everyStream) return { key, stream: undefined };
  const nameWrong = nameMistake(name);
  if (nameWrong !== undefined) throw mistake(`${nameWrong} Mend the line or take it out`);
  return { key, stream: name };
}

/** What is wrong with a stream's name as a key is bound to it; undefined where nothing is. */
export function nameMistake(name: string): string | undefined {
  if (withoutKeys(name, []) !== name) return "A stream's name that looks like a key.";
  try {
    const identity = streamAddress(name).name;
    return identity === name ? undefined : `Write the stream's name as the server knows it, without a query: ${identity}.`;
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}
