/** Bytes that may wait for a SourceBuffer before the queue gives up on them: some seconds of a 40 Mb/s stream. */
const mostPending = 24 * 1024 * 1024;
/** Waiting fragments are appended together, up to about this many bytes at once. */
const largestAppend = 1024 * 1024;

export interface QueueListener {
  /** Something was appended or removed; what is buffered may have changed. */
  changed(): void;
  /** The browser's buffer is full. Seconds of media to give up for more, or undefined where there is none. */
  full(): { readonly start: number; readonly end: number } | undefined;
  /** Media was thrown away unplayed: nothing decodes before the next key frame. */
  dropped(): void;
  failed(message: string): void;
}

/** One thing that a SourceBuffer does at a time. */
type Operation =
  | {
      readonly kind: "append";
      readonly parts: readonly Uint8Array[];
      readonly length: number;
      readonly retried: boolean;
      readonly init: boolean;
    }
  | { readonly kind: "remove"; readonly start: number; readonly end: number }
  | { readonly kind: "type"; readonly mimeType: string }
  | { readonly kind: "offset"; readonly seconds: number };

/** Feeds a SourceBuffer, which takes one thing at a time, in order. Bounded; a full buffer is emptied and tried again. */
export class SourceBufferQueue {
  readonly #buffer: SourceBuffer;
  readonly #listener: QueueListener;
  #operations: Operation[] = [];
  #pending = 0;
  #running: Operation | undefined;
  #closed = false;

  constructor(buffer: SourceBuffer, listener: QueueListener) {
    this.#buffer = buffer;
    this.#listener = listener;
    buffer.mode = "segments";
    buffer.addEventListener("updateend", () => {
      this.#running = undefined;
      if (this.#closed) return;
      this.#next();
      listener.changed();
    });
  }

  /** Nothing waits and nothing runs. */
  get idle(): boolean {
    return this.#operations.length === 0 && this.#running === undefined;
  }

  get buffered(): TimeRanges | undefined {
    try {
      return this.#buffer.buffered;
    } catch {
      return undefined; // the buffer was taken out of its source
    }
  }

  append(parts: readonly Uint8Array[], init = false): void {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (this.#pending + length > mostPending) this.#dropAppends();
    this.#pending += length;
    this.#push({ kind: "append", parts, length, retried: false, init });
  }

  remove(start: number, end: number): void {
    if (end > start) this.#push({ kind: "remove", start, end });
  }

  changeType(mimeType: string): void {
    this.#push({ kind: "type", mimeType });
  }

  /** What is appended from here on is shown this much later than it says. */
  setOffset(seconds: number): void {
    this.#push({ kind: "offset", seconds });
  }

  close(): void {
    this.#closed = true;
    this.#operations = [];
  }

  #push(operation: Operation): void {
    this.#operations.push(operation);
    this.#next();
  }

  /** Media that waits is given up; init segments are kept, what follows needs them. */
  #dropAppends(): void {
    this.#operations = this.#operations.filter((operation) => operation.kind !== "append" || operation.init);
    this.#pending = this.#operations.reduce((sum, operation) => sum + (operation.kind === "append" ? operation.length : 0), 0);
    this.#listener.dropped();
  }

  #next(): void {
    while (!this.#closed && this.#running === undefined && !this.#buffer.updating) {
      const operation = this.#take();
      if (operation === undefined) return;
      try {
        this.#run(operation);
      } catch (error) {
        this.#running = undefined;
        if (!this.#recover(operation, error)) return;
      }
    }
  }

  /** The next operation; appends that follow one another become one. */
  #take(): Operation | undefined {
    const first = this.#operations.shift();
    if (first?.kind !== "append") return first;
    const parts = [...first.parts];
    let { length } = first;
    this.#pending -= first.length;
    for (let next = this.#operations[0]; next?.kind === "append" && length + next.length <= largestAppend; next = this.#operations[0]) {
      parts.push(...next.parts);
      length += next.length;
      this.#pending -= next.length;
      this.#operations.shift();
    }
    return { kind: "append", parts, length, retried: first.retried, init: first.init };
  }

  #run(operation: Operation): void {
    switch (operation.kind) {
      case "append":
        this.#running = operation;
        this.#buffer.appendBuffer(joined(operation.parts, operation.length));
        return;
      case "remove":
        this.#running = operation;
        this.#buffer.remove(operation.start, operation.end);
        return;
      case "type":
        // Leaves a segment that was cut short behind, which changeType() would refuse.
        this.#buffer.abort();
        this.#buffer.changeType(operation.mimeType);
        return;
      case "offset":
        this.#buffer.abort();
        this.#buffer.timestampOffset = operation.seconds;
        return;
    }
  }

  /** @returns whether to go on. */
  #recover(operation: Operation, error: unknown): boolean {
    const isQuota = error instanceof DOMException && error.name === "QuotaExceededError";
    if (!isQuota || operation.kind !== "append") {
      this.#listener.failed(error instanceof Error ? error.message : String(error));
      return false;
    }
    const room = operation.retried ? undefined : this.#listener.full();
    if (room === undefined) {
      this.#listener.dropped();
      return true;
    }
    this.#pending += operation.length;
    this.#operations.unshift({ kind: "remove", ...room }, { ...operation, retried: true });
    return true;
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
