import { createHash, timingSafeEqual } from "node:crypto";
import type { KeyFile } from "./key-file.ts";
import { maxKeys } from "./key-list.ts";
import type { PublishKey } from "./publish-key.ts";

/** Keys that are remembered after they were taken away, those included that are valid. */
const mostKnown = 2 * maxKeys;

export interface KeyRingOptions {
  /** Keys that are valid whatever the file says. */
  readonly fixed: readonly PublishKey[];
  readonly file?: KeyFile | undefined;
  /** Told in words, without a key, that the file has changed, and how. */
  readonly onChange?: (change: "read" | "gone" | "unusable", words: string) => void;
}

/** The keys that are valid now. What another process changes in their file counts for whoever asks after that. */
export class KeyRing {
  readonly #fixed: readonly PublishKey[];
  readonly #file: KeyFile | undefined;
  readonly #onChange: NonNullable<KeyRingOptions["onChange"]>;
  #latest: readonly PublishKey[] = [];
  /** Of `#latest`, at the same places. */
  #digests: readonly Buffer[] = [];
  #known: readonly PublishKey[] = [];
  /** Of the file that was read last, damaged or not. */
  #version: string | undefined;
  #trouble: string | undefined;
  #reading: Promise<void> | undefined;

  constructor({ fixed, file, onChange = () => undefined }: KeyRingOptions) {
    this.#fixed = fixed;
    this.#file = file;
    this.#onChange = onChange;
    this.#take([]);
  }

  /** The keys as they were when somebody last asked for them. */
  get latest(): readonly PublishKey[] {
    return this.#latest;
  }

  /** All that were valid at some time of this run, as far as memory goes: what must not be shown. */
  get known(): readonly PublishKey[] {
    return this.#known;
  }

  /** The key that a text is, among the latest. Takes as long for one as for another, and as long where there is none. */
  find(text: string): PublishKey | undefined {
    const wanted = digest(text);
    let found: PublishKey | undefined;
    for (const [at, known] of this.#digests.entries()) if (timingSafeEqual(known, wanted)) found = this.#latest[at];
    return found;
  }

  /**
   * The keys, which are the latest then. Costs a look at the file's date, and for all who ask at one time it is one look. A file that was damaged
   * while we run leaves the keys as they were; one that was taken away takes its keys along. Never rejects.
   */
  async current(): Promise<readonly PublishKey[]> {
    if (this.#file !== undefined) {
      this.#reading ??= this.#read(this.#file).finally(() => (this.#reading = undefined));
      await this.#reading;
    }
    return this.latest;
  }

  /** Reads the file for the first time. @throws {KeyFileError} where it is damaged; the system's error where it cannot be read */
  async load(): Promise<void> {
    const state = await this.#file?.read();
    this.#version = state?.version;
    this.#take(state?.keys ?? []);
  }

  #take(kept: readonly PublishKey[]): void {
    this.#latest = [...this.#fixed, ...kept];
    this.#digests = this.#latest.map(({ key }) => digest(key));
    const known = new Map([...this.#known, ...this.#latest].map((entry) => [entry.key, entry]));
    this.#known = [...known.values()].slice(-mostKnown);
  }

  async #read(file: KeyFile): Promise<void> {
    try {
      const version = await file.version();
      if (version === this.#version) return;
      this.#version = version;
      await this.load();
      this.#trouble = undefined;
      if (this.#version === undefined) this.#onChange("gone", `${file.path} is gone, and its keys with it`);
      else this.#onChange("read", `the publish keys in ${file.path} have changed: ${this.#latest.length - this.#fixed.length} now`);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      if (words !== this.#trouble) this.#onChange("unusable", `${words}. Until then the keys stay as they were`);
      this.#trouble = words;
    }
  }
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
