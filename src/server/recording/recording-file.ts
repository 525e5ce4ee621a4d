import { dirname, join } from "node:path";
import type { Track } from "../../media/track.ts";
import type { Disk, DiskFile } from "../storage/disk.ts";
import { fileExtensions, type FileMuxer, fileMuxer, type RecordingFormat } from "./file-muxer.ts";
import { fileName, numberedName } from "./name-template.ts";
import { type Piece, rebased } from "./piece.ts";

/** Where and how the files of a recording are written. */
export interface FilePlace {
  readonly disk: Disk;
  /** All files are below it. */
  readonly folder: string;
  readonly template: string;
  readonly format: RecordingFormat;
}

/** Which file of which recording. */
export interface FileIdentity {
  readonly recording: string;
  readonly stream: string;
  readonly n: number;
}

/** Names that are tried where one is taken. */
const mostNames = 1000;
/** Milliseconds after which it is looked whether the file is still where it was made. */
const LOOK_AFTER = 2000;

/** One file that is being written. Whatever throws, what `size` counts is whole and plays. */
export class RecordingFile {
  /** Below the folder, with `/` between its parts. */
  readonly path: string;
  readonly identity: FileIdentity;
  /** Milliseconds of the timeline, and Unix milliseconds, of its time 0. */
  readonly timeline: number;
  readonly at: number;
  readonly tracks: readonly Track[];
  readonly #place: FilePlace;
  readonly #file: DiskFile;
  readonly #muxer: FileMuxer;
  #size = 0;
  /** Milliseconds from its time 0 to the end of what was written. */
  #length = 0;
  #looked = 0;

  private constructor(made: Made, file: DiskFile, muxer: FileMuxer) {
    this.path = made.path;
    this.identity = made.identity;
    this.timeline = made.timeline;
    this.at = made.at;
    this.tracks = made.piece.generation.tracks;
    this.#place = made.place;
    this.#file = file;
    this.#muxer = muxer;
  }

  /** Makes a file that begins with a piece. @throws NotCarried, and what the disk throws */
  static async create(place: FilePlace, identity: FileIdentity, piece: Piece): Promise<RecordingFile> {
    const { disk, folder, template, format } = place;
    const timeline = Math.floor(piece.from);
    const at = Math.round(piece.clock.utcOffset + timeline);
    const muxer = fileMuxer(format, piece.generation, { ...identity, at, timeline });
    const name = fileName(template, { stream: identity.stream, at, n: identity.n, extension: fileExtensions[format] });
    await disk.mkdir(dirname(join(folder, name)));
    for (let number = 1; ; number++) {
      const path = numberedName(name, number);
      const file = await disk.open(join(folder, path), "create").catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "EEXIST" || number === mostNames) throw error;
      });
      if (file === undefined) continue;
      const made = new RecordingFile({ place, identity, piece, path, timeline, at }, file, muxer);
      await made.#begin();
      return made;
    }
  }

  /** Bytes that are whole and on the disk. */
  get size(): number {
    return this.#size;
  }

  /** Milliseconds. */
  get length(): number {
    return this.#length;
  }

  /** Writes a piece, and sees that a loss of power leaves it. */
  async write(piece: Piece): Promise<void> {
    const frames = rebased(piece.frames, piece.generation.tracks, this.timeline);
    await this.#append([...(piece.breaks ? this.#muxer.interrupt() : []), ...this.#muxer.frames(frames)]);
    this.#length = piece.to - this.timeline;
  }

  /** Throws ENOENT if the file is not where it was made. @param now monotonic milliseconds */
  async look(now: number): Promise<void> {
    if (now - this.#looked < LOOK_AFTER) return;
    this.#looked = now;
    const { disk, folder } = this.#place;
    const [found, own] = await Promise.all([disk.stat(join(folder, this.path)), this.#file.stat()]);
    if (found.identity !== own.identity) throw Object.assign(new Error("ENOENT: another file is in its place"), { code: "ENOENT" });
  }

  /** Writes what is left and the format's index, and closes it. */
  async finish(): Promise<void> {
    await this.#append(this.#muxer.end());
    await this.#file.close();
  }

  /** Closes it as it is after a failure, without what was written in part, if the disk still lets us. */
  async abandon(): Promise<void> {
    await this.#file.truncate(this.#size).catch(() => undefined);
    await this.#file.close().catch(() => undefined);
  }

  async #begin(): Promise<void> {
    try {
      await this.#append(this.#muxer.begin());
      await this.#place.disk.syncFolder(dirname(join(this.#place.folder, this.path)));
    } catch (error) {
      await this.abandon();
      await this.#place.disk.unlink(join(this.#place.folder, this.path)).catch(() => undefined);
      throw error;
    }
  }

  async #append(parts: readonly Uint8Array[]): Promise<void> {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (length === 0) return;
    await this.#file.write(parts, this.#size);
    await this.#file.sync();
    this.#size += length;
  }
}

interface Made {
  readonly place: FilePlace;
  readonly identity: FileIdentity;
  readonly piece: Piece;
  readonly path: string;
  readonly timeline: number;
  readonly at: number;
}
