import { join } from "node:path";
import type { Disk } from "../storage/disk.ts";
import { formatOfName } from "./scan-file.ts";

/** Folders below one another, and files, that are looked at. */
const DEEPEST = 32;
const MOST_FILES = 10_000_000;

/** Paths of what may be recordings below a folder, with `/` between their parts. Links are not followed. */
export async function* recordingsBelow(disk: Disk, folder: string): AsyncGenerator<string> {
  let seen = 0;
  const walk = async function* (below: string, depth: number): AsyncGenerator<string> {
    const names = await disk.readdir(join(folder, below)).catch(() => []);
    for (const name of names) {
      if ((seen += 1) > MOST_FILES || name.startsWith(".")) continue;
      const path = below === "" ? name : `${below}/${name}`;
      if (formatOfName(name) !== undefined) yield path;
      else if (depth < DEEPEST && (await disk.stat(join(folder, path)).catch(() => undefined))?.kind === "folder")
        yield* walk(path, depth + 1);
    }
  };
  yield* walk("", 0);
}
