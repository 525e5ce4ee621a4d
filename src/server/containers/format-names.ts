/** Lower-case letters and digits, with dashes between: the name of a container, a demuxer, a plug-in. */
export function isFormatName(name: unknown): boolean {
  return typeof name === "string" && name.length <= 64 && /^[a-z\d]+(-[a-z\d]+)*$/.test(name);
}

/** Lower-case letters and digits: the end of a file name. */
export function isFormatWord(text: unknown): boolean {
  return typeof text === "string" && /^[a-z\d]+$/.test(text);
}

/** A media type with or without parameters, as a header may have it. */
export function isMediaType(text: unknown): text is string {
  return typeof text === "string" && /^[\w.+-]+\/[\w.+-]+(;.*)?$/.test(text) && !/[^\x20-\x7e]/.test(text);
}

/** A value that is none of these, for a message. */
export function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : `a ${typeof value}`;
}

/** The name of a container or demuxer for people. */
export function titleOf({ title, name }: { readonly title?: string; readonly name: string }): string {
  return title ?? name;
}
