import { Refusal } from "../../hub/refusal.ts";

/** The first segment of all addresses of files. */
export const vodSegment = "vod";

/** Characters of a path below a folder, and names in it. */
const longestPath = 2048;
const mostNames = 32;

/** A file below one of the folders of the settings. */
export interface VodAddress {
  readonly folder: string;
  /** Names of folders and, last, of the file: none is empty, begins with a dot or has a slash, a backslash or a control character. */
  readonly names: readonly string[];
}

/**
 * The file that a path means, `/vod/NAME/PATH` with or without its first slash: percent-encoded as URLs are, decoded once.
 *
 * @throws {Refusal} `name-refused` for a path that cannot be one of a file, `not-found` for one of a file that is not to be seen
 */
export function readVodPath(path: string): VodAddress {
  if (path.length > longestPath) throw refused(`it is ${path.length} characters long, ${longestPath} are allowed`);
  const [first, folder, ...names] = path.replace(/^\//, "").split("/").map(decoded);
  if (first !== vodSegment || folder === undefined) throw missing();
  return checked(folder, names);
}

/** The same for names that are not encoded, as access decisions and RTMP have them. */
export function readVodName(name: string): VodAddress {
  return readVodPath(name.split("/").map(encodeURIComponent).join("/"));
}

/** The name of a file as hooks, logs and API have it. */
export function vodName({ folder, names }: VodAddress): string {
  return [vodSegment, folder, ...names].join("/");
}

/** The words are the same for what is not there and for what is hidden. */
export function missing(): Refusal {
  return new Refusal("not-found", "There is no such file.");
}

function checked(folder: string, names: readonly string[]): VodAddress {
  if (names.length > mostNames) throw refused(`it has more than ${mostNames} parts`);
  if (names.length === 0) throw missing();
  for (const name of names) {
    if (name === "" || name.startsWith(".")) throw missing();
    if (/[/\\]/.test(name)) throw refused("a part has a slash or backslash in it");
    if (/\p{Cc}/u.test(name)) throw refused("it has a control character");
  }
  return { folder, names };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw refused("it has a percent sign that begins no valid escape");
  }
}

function refused(reason: string): Refusal {
  return new Refusal("name-refused", `This path cannot be one of a file: ${reason}.`);
}
