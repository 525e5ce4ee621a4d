import { createReadStream, type ReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { extname, join } from "node:path";

/** A file to be sent. */
export interface StaticFile {
  readonly type: string;
  readonly etag: string;
  readonly length: number;
  read(): Promise<Buffer>;
  open(): ReadStream;
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".ico": "image/x-icon",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
  ".wasm": "application/wasm",
  ".txt": "text/plain; charset=utf-8",
  ".flv": "video/x-flv",
  ".mp4": "video/mp4",
};

/** Files below a list of folders; the first folder that has one wins. Only names of known types are looked for. */
export class StaticFiles {
  readonly #folders: readonly string[];

  constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  /**
   * @param path segments below the folders, as they stand in the URL: names of letters, digits, `-`, `_` and single
   *   dots. Nothing else names a file of ours, so that no spelling of `..` needs to be thought of.
   */
  async find(path: string): Promise<StaticFile | undefined> {
    const segments = path.split("/");
    const type = types[extname(path)];
    if (type === undefined || !segments.every((segment) => /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(segment))) return undefined;
    for (const folder of this.#folders) {
      const file = join(folder, ...segments);
      const found = await stat(file).catch(() => undefined);
      if (!found?.isFile()) continue;
      // Not the time of modification: in a package from npm all files have the same.
      const etag = `"${found.size.toString(36)}-${Math.trunc(found.ctimeMs).toString(36)}"`;
      return { type, etag, length: found.size, read: () => readFile(file), open: () => createReadStream(file) };
    }
    return undefined;
  }
}
