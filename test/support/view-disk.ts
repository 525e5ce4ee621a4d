/** A disk that keeps what is written as the views it was given: files of any size whose payloads are shared cost next to no memory. */
import type { Disk, DiskFile, DiskStat } from "../../src/server/storage/disk.ts";

interface Part {
  readonly at: number;
  readonly bytes: Uint8Array;
}

class ViewFile {
  readonly parts: Part[] = [];
  size = 0;
  /** Only the beginning and the end are kept, so many parts of each; 0: all. */
  keep = 0;

  append(bytes: Uint8Array): void {
    this.parts.push({ at: this.size, bytes });
    this.size += bytes.length;
    if (this.keep > 0 && this.parts.length > 4 * this.keep) this.parts.splice(this.keep, this.parts.length - 2 * this.keep);
  }

  /** Copies from what is kept; zeros where nothing is. */
  read(into: Uint8Array, position: number): number {
    const length = Math.max(0, Math.min(into.length, this.size - position));
    let low = 0;
    for (let high = this.parts.length; low < high;) {
      const middle = (low + high) >> 1;
      if (this.parts[middle]!.at + this.parts[middle]!.bytes.length <= position) low = middle + 1;
      else high = middle;
    }
    for (let i = low; i < this.parts.length && this.parts[i]!.at < position + length; i++) {
      const { at, bytes } = this.parts[i]!;
      const from = Math.max(position, at);
      into.set(bytes.subarray(from - at, Math.min(bytes.length, position + length - at)), from - position);
    }
    return length;
  }
}

export class ViewDisk implements Disk {
  readonly files = new Map<string, ViewFile>();
  readonly #keep: number;

  /** @param keep parts at the beginning and the end of each file that are kept; 0: all */
  constructor(keep = 0) {
    this.#keep = keep;
  }

  open(path: string, mode: "read" | "update" | "create"): Promise<DiskFile> {
    const known = this.files.get(path);
    if (known === undefined && mode !== "create") return Promise.reject(Object.assign(new Error(path), { code: "ENOENT" }));
    const file = known ?? new ViewFile();
    file.keep = this.#keep;
    this.files.set(path, file);
    const stat = (): Promise<DiskStat> => this.stat(path);
    return Promise.resolve({
      read: (into, position) => Promise.resolve(file.read(into, position)),
      write: (parts, position) => {
        if (position !== file.size) return Promise.reject(new Error("only appended to"));
        for (const part of parts) if (part.length > 0) file.append(part);
        return Promise.resolve();
      },
      sync: () => Promise.resolve(),
      truncate: () => Promise.reject(new Error("never cut")),
      stat,
      close: () => Promise.resolve(),
    });
  }

  stat(path: string): Promise<DiskStat> {
    const file = this.files.get(path);
    if (file === undefined) return Promise.reject(Object.assign(new Error(path), { code: "ENOENT" }));
    return Promise.resolve({ kind: "file", size: file.size, modified: 0, identity: path });
  }

  rename(from: string, to: string): Promise<void> {
    this.files.set(to, this.files.get(from)!);
    this.files.delete(from);
    return Promise.resolve();
  }

  unlink(path: string): Promise<void> {
    return this.files.delete(path) ? Promise.resolve() : Promise.reject(Object.assign(new Error(path), { code: "ENOENT" }));
  }

  readdir(): Promise<string[]> {
    return Promise.resolve([]);
  }

  mkdir(): Promise<void> {
    return Promise.resolve();
  }

  syncFolder(): Promise<void> {
    return Promise.resolve();
  }

  space(): Promise<{ free: number; total: number }> {
    return Promise.resolve({ free: 1e15, total: 1e15 });
  }
}
