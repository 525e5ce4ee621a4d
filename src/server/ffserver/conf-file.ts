import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../config/problem.ts";
import { readTextFile } from "../config/text-file.ts";
import { type ParsedConf, parseFfserverConf } from "./parse-conf.ts";
import type { PresetReader } from "./preset.ts";

/** Bytes of an ffserver.conf; a real one has a few thousand. */
const confLimit = 1024 * 1024;
const presetLimit = 64 * 1024;

/**
 * Reads a file of ffserver's.
 *
 * @param folders where files of presets are looked for, in this order
 * @throws ConfigError naming every mistake, by file and line
 */
export async function readFfserverConf(file: string, folders: readonly string[]): Promise<ParsedConf> {
  const read = await readTextFile(file, confLimit, "any");
  if ("mistake" in read) throw new ConfigError([{ place: { kind: "file", name: file }, key: "", message: read.mistake }]);
  const parsed = parseFfserverConf(read.text, file, { presets: presetsIn(folders) });
  if (parsed.notes.errors.length > 0) throw new ConfigError(parsed.notes.errors);
  return parsed;
}

/** Where FFmpeg looks for presets. */
export function presetFolders(environment: Readonly<Record<string, string | undefined>>): string[] {
  const { FFMPEG_DATADIR, HOME } = environment;
  const home = HOME === undefined || HOME === "" ? [] : [join(HOME, ".ffmpeg")];
  return [...(FFMPEG_DATADIR === undefined || FFMPEG_DATADIR === "" ? [] : [FFMPEG_DATADIR]), ...home, "/usr/share/ffmpeg"];
}

function presetsIn(folders: readonly string[]): PresetReader {
  return (names) => {
    for (const name of names) {
      for (const folder of folders) {
        const path = join(folder, name);
        const stat = statSync(path, { throwIfNoEntry: false });
        if (stat?.isFile() === true && stat.size <= presetLimit) return { path, text: readFileSync(path, "latin1") };
      }
    }
    return undefined;
  };
}
