import { dirname, normalize } from "node:path";
import type { Disk, DiskFile, DiskMode, DiskStat } from "../../src/server/storage/disk.ts";

/** What a power loss does to writes that were not synced: all of them gone, some sectors of each kept, some whole writes kept. */
export type Loss = "lost" | "torn" | "reordered";

const SECTOR = 512;

interface Node {
  readonly id: number;
  data: Uint8Array;
  size: number;
}

/** One thing that was done to the disk, in the order in which it was done. */
export type Operation =
  | { readonly kind: "write"; readonly file: number; readonly position: number; readonly data: Uint8Array }
  | { readonly kind: "truncate"; readonly file: number; readonly length: number }
  | { readonly kind: "sync"; readonly file: number }
  | { readonly kind: "create"; readonly file: number; readonly path: string }
  | { readonly kind: "mkdir" | "unlink" | "sync-folder"; readonly path: string }
  | { readonly kind: "rename"; readonly path: string; readonly to: string };

/**
 * A disk in memory that remembers every operation, can be cut at any of them as power loss would, and fails where a test wants it to.
 * Names are durable once any file or folder was synced after them, as a journalling file system keeps them; of later ones a prefix is.
 */
export class RecordedDisk implements Disk {
  readonly log: Operation[] = [];
  /** Bytes that may still be written beyond what files have; below a write's need it fails with ENOSPC. */
  free = Infinity;
  /** Reads, writes and syncs fail with EIO. */
  failing = false;
  /** Every operation takes `wait(ms)`: its bytes at that rate, and `stall` milliseconds for each sync. */
  slow: { readonly bytesPerSecond: number; readonly stall: number; readonly wait: (ms: number) => Promise<void> } | undefined;
  readonly #names = new Map<string, Node>();
  readonly #folders = new Set(["/"]);
  #nodes = 0;
  /** Files that are open now. */
  opened = 0;
  /** Bytes written through open files. */
  written = 0;

  /** Places in the log of what makes something durable: where to cut. */
  get syncs(): number[] {
    return this.log.flatMap(({ kind }, index) => (kind === "sync" || kind === "sync-folder" ? [index] : []));
  }

  /** A file's bytes, a copy. */
  contents(path: string): Uint8Array {
    const node = this.#node(path);
    return node.data.slice(0, node.size);
  }

  /** Puts a file there as if it had always been. */
  put(path: string, data: Uint8Array): void {
    const node = { id: this.#nodes++, data: data.slice(), size: data.length };
    this.log.push({ kind: "create", file: node.id, path: normalize(path) });
    this.log.push({ kind: "write", file: node.id, position: 0, data: node.data.slice() }, { kind: "sync", file: node.id });
    this.#addFolders(dirname(path));
    this.#names.set(normalize(path), node);
  }

  /** A folder with all in it is gone, as `rm -r` does it: files that are open stay usable and lead nowhere. */
  removeFolder(path: string): void {
    const prefix = normalize(`${path}/`);
    for (const name of this.#names.keys()) if (name.startsWith(prefix)) this.#names.delete(name);
    for (const name of this.#folders) if (`${name}/`.startsWith(prefix)) this.#folders.delete(name);
  }

  /**
   * What a machine finds that lost its power just before the operation at that place in the log was done.
   *
   * @param random numbers from 0 to below 1: which of the unsynced writes survive
   */
  cut(at: number, loss: Loss, random: () => number = Math.random): RecordedDisk {
    const disk = new RecordedDisk();
    const done = this.log.slice(0, at);
    const synced = new Map<number, number>();
    let journal = -1;
    done.forEach((operation, index) => {
      if (operation.kind === "sync") synced.set(operation.file, index);
      if (operation.kind === "sync" || operation.kind === "sync-folder") journal = index;
    });
    const lastName = journal + Math.floor(random() * (done.length - journal));
    const nodes = new Map<number, Node>();
    const nodeOf = (id: number): Node => {
      const known = nodes.get(id) ?? { id, data: new Uint8Array(0), size: 0 };
      nodes.set(id, known);
      return known;
    };
    done.forEach((operation, index) => {
      switch (operation.kind) {
        case "write":
        case "truncate":
          if (index < (synced.get(operation.file) ?? -1)) return apply(nodeOf(operation.file), operation);
          return survive(nodeOf(operation.file), operation, loss, random);
        case "sync":
        case "sync-folder":
          return;
        default:
          if (index <= lastName) disk.#rename(operation, nodeOf);
      }
    });
    // What is left is what has always been there.
    const left = new RecordedDisk();
    for (const folder of disk.#folders) left.#addFolders(folder);
    for (const [path, node] of disk.#names) left.put(path, node.data.slice(0, node.size));
    return left;
  }

  async open(path: string, mode: DiskMode): Promise<DiskFile> {
    await this.#pass(0);
    const name = normalize(path);
    if (mode === "create") {
      if (this.#names.has(name) || this.#folders.has(name)) throw failure("EEXIST", path);
      if (!this.#folders.has(dirname(name))) throw failure("ENOENT", path);
      const node = { id: this.#nodes++, data: new Uint8Array(0), size: 0 };
      this.#names.set(name, node);
      this.log.push({ kind: "create", file: node.id, path: name });
    } else if (this.#folders.has(name) && mode === "update") throw failure("EISDIR", path);
    return this.#file(this.#node(name), mode !== "read");
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#pass(0);
    const operation = { kind: "rename", path: normalize(from), to: normalize(to) } as const;
    this.#node(from);
    if (!this.#folders.has(dirname(operation.to))) throw failure("ENOENT", to);
    this.#rename(operation);
    this.log.push(operation);
  }

  async unlink(path: string): Promise<void> {
    await this.#pass(0);
    this.#node(path);
    const operation = { kind: "unlink", path: normalize(path) } as const;
    this.#rename(operation);
    this.log.push(operation);
  }

  async stat(path: string): Promise<DiskStat> {
    await this.#pass(0);
    if (this.#folders.has(normalize(path))) return { kind: "folder", size: 0, modified: 0, identity: normalize(path) };
    return describe(this.#node(path));
  }

  async readdir(path: string): Promise<string[]> {
    await this.#pass(0);
    const folder = normalize(path);
    if (!this.#folders.has(folder)) throw failure("ENOENT", path);
    return [...this.#names.keys(), ...this.#folders]
      .filter((name) => name !== folder && dirname(name) === folder)
      .map((name) => name.slice(name.lastIndexOf("/") + 1));
  }

  async mkdir(path: string): Promise<void> {
    await this.#pass(0);
    this.#addFolders(path);
    this.log.push({ kind: "mkdir", path: normalize(path) });
  }

  async syncFolder(path: string): Promise<void> {
    await this.#pass(0);
    if (!this.#folders.has(normalize(path))) throw failure("ENOENT", path);
    this.log.push({ kind: "sync-folder", path: normalize(path) });
  }

  async space(): Promise<{ free: number; total: number }> {
    await this.#pass(0);
    const total = 1e12;
    return { free: Math.min(this.free, total), total };
  }

  #file(node: Node, writable: boolean): DiskFile {
    this.opened += 1;
    let isOpen = true;
    const write = (path = "an open file"): void => {
      if (!isOpen) throw failure("EBADF", path);
      if (!writable) throw failure("EBADF", path);
    };
    return {
      read: async (into, position) => {
        await this.#pass(into.length);
        const part = node.data.subarray(Math.min(position, node.size), Math.min(position + into.length, node.size));
        into.set(part);
        return part.length;
      },
      write: async (parts, position) => {
        write();
        const data = join(parts);
        await this.#pass(data.length);
        const growth = Math.max(0, position + data.length - node.size);
        // A disk that is nearly full takes what fits before it says so.
        const taken = growth <= this.free ? data : data.subarray(0, Math.max(0, data.length - (growth - this.free)));
        const operation = { kind: "write", file: node.id, position, data: taken } as const;
        if (taken.length > 0) {
          this.free -= Math.max(0, position + taken.length - node.size);
          apply(node, operation);
          this.log.push(operation);
          this.written += taken.length;
        }
        if (taken.length < data.length) throw failure("ENOSPC", "write");
      },
      sync: async () => {
        write();
        await this.#pass(0, true);
        this.log.push({ kind: "sync", file: node.id });
      },
      truncate: async (length) => {
        write();
        await this.#pass(0);
        const operation = { kind: "truncate", file: node.id, length } as const;
        this.free += Math.max(0, node.size - length);
        apply(node, operation);
        this.log.push(operation);
      },
      stat: async () => describe(node),
      close: async () => {
        if (isOpen) this.opened -= 1;
        isOpen = false;
      },
    };
  }

  /** Time and faults, the same for all. */
  async #pass(bytes: number, sync = false): Promise<void> {
    if (this.slow !== undefined) await this.slow.wait((bytes / this.slow.bytesPerSecond) * 1000 + (sync ? this.slow.stall : 0));
    if (this.failing && (bytes > 0 || sync)) throw failure("EIO", "disk");
  }

  #node(path: string): Node {
    const node = this.#names.get(normalize(path));
    if (node === undefined) throw failure("ENOENT", path);
    return node;
  }

  #rename(operation: Exclude<Operation, { kind: "write" | "truncate" | "sync" }>, nodeOf?: (id: number) => Node): void {
    switch (operation.kind) {
      case "create":
        this.#addFolders(dirname(operation.path));
        this.#names.set(operation.path, nodeOf!(operation.file));
        return;
      case "mkdir":
        return this.#addFolders(operation.path);
      case "unlink":
        this.#names.delete(operation.path);
        return;
      case "rename": {
        const node = this.#names.get(operation.path);
        this.#names.delete(operation.path);
        if (node !== undefined) this.#names.set(operation.to, node);
        return;
      }
      case "sync-folder":
    }
  }

  #addFolders(path: string): void {
    for (let folder = normalize(path); !this.#folders.has(folder); folder = dirname(folder)) this.#folders.add(folder);
  }
}

/** Numbers that look random and are the same in every run. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

type Change = Extract<Operation, { kind: "write" | "truncate" }>;

function apply(node: Node, change: Change): void {
  const size = change.kind === "truncate" ? change.length : Math.max(node.size, change.position + change.data.length);
  if (size > node.data.length) {
    const larger = new Uint8Array(Math.max(size, node.data.length * 2));
    larger.set(node.data.subarray(0, node.size));
    node.data = larger;
  }
  if (size < node.size) node.data.fill(0, size, node.size);
  node.size = size;
  if (change.kind === "write") node.data.set(change.data, change.position);
}

/** What is left of a change that was not synced. */
function survive(node: Node, change: Change, loss: Loss, random: () => number): void {
  if (loss === "lost") return;
  if (change.kind === "truncate" || loss === "reordered") {
    if (random() < 0.5) apply(node, change);
    return;
  }
  const end = change.position + change.data.length;
  for (let at = change.position; at < end;) {
    const next = Math.min(end, (Math.floor(at / SECTOR) + 1) * SECTOR);
    const data = change.data.subarray(at - change.position, next - change.position);
    if (random() < 0.5) apply(node, { ...change, position: at, data });
    at = next;
  }
}

function describe(node: Node): DiskStat {
  return { kind: "file", size: node.size, modified: 0, identity: String(node.id) };
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
