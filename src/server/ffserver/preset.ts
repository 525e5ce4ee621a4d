import type { LineNotes } from "./conf-line.ts";
import type { EncoderOptions } from "./encoder-options.ts";

/** Finds a preset: the text of the first file that exists of some names, and where it is. */
export type PresetReader = (fileNames: readonly string[]) => { readonly path: string; readonly text: string } | undefined;

/** Lines of a preset. */
const maxLines = 1000;

/** `AVPresetAudio` and `AVPresetVideo`: a file of options, named alone or behind the codec's name. */
export function applyPreset(encoder: EncoderOptions, name: string, read: PresetReader, notes: LineNotes): void {
  if (!/^[\w.-]+$/.test(name) || /^\.+$/.test(name)) return notes.error(`File for preset '${name}' not found`);
  const names = [name, ...(encoder.codec === undefined ? [] : [`${encoder.codec.name}-${name}`])];
  const file = read(names.map((each) => `${each}.ffpreset`));
  if (file === undefined) return notes.error(`File for preset '${name}' not found`);
  for (const [index, line] of file.text.split(/\r?\n/).entries()) {
    if (index === maxLines) return notes.error(`${file.path}: more than ${maxLines} lines`);
    if (line === "" || line.startsWith("#")) continue;
    const [, key, value] = /^([^=]+)=(.+)$/.exec(line) ?? [];
    if (key === undefined || value === undefined) return notes.error(`${file.path}: Invalid syntax: '${line.slice(0, 100)}'`);
    if (key === "scodec") return notes.error("Subtitles preset found.");
    if (key === (encoder.kind === "audio" ? "acodec" : "vcodec")) encoder.setEncoder(value, notes);
    else if (key !== "acodec" && key !== "vcodec") encoder.setNamed(key, value, notes);
  }
}
