/** A web `ReadableStream` of bytes, as far as it matters: the body of a `fetch`, `Readable.toWeb()`. */
export interface WebByteStream {
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
    cancel(reason?: unknown): Promise<void>;
  };
}

/**
 * Bytes to be published: a Node `Readable` (not in object mode, without an encoding), a web `ReadableStream`, or any async
 * iterable of `Uint8Array`. Pieces may be cut anywhere; they are given away, so nobody may write to them afterwards.
 */
export type MediaInput = AsyncIterable<Uint8Array> | WebByteStream;

/** An input to be read piece by piece. */
export interface ByteSource {
  /** The next piece; undefined at the end. Rejects with the input's own error, or a TypeError for what is no bytes. */
  next(): Promise<Uint8Array | undefined>;
  /** Nobody reads on: the input is closed, also while a piece is awaited. Never throws. */
  cancel(reason: unknown): void;
}

/** @throws TypeError for what is no input, and for one that somebody else reads already */
export function byteSource(input: MediaInput): ByteSource {
  if (typeof input !== "object" || input === null) throw new TypeError(`a ${typeof input} is not an input that bytes can be read from`);
  if ("getReader" in input) return webSource(input);
  if (Symbol.asyncIterator in input) return iterableSource(input);
  throw new TypeError("an input is a Readable, a ReadableStream or an async iterable of Uint8Array");
}

function webSource(input: WebByteStream): ByteSource {
  const reader = input.getReader();
  return {
    async next() {
      const { done, value } = await reader.read();
      return done ? undefined : checked(value);
    },
    cancel: (reason) => void reader.cancel(reason).catch(ignore),
  };
}

function iterableSource(input: AsyncIterable<Uint8Array>): ByteSource {
  const iterator = input[Symbol.asyncIterator]();
  return {
    async next() {
      const { done, value } = (await iterator.next()) as IteratorResult<unknown, unknown>;
      return done === true ? undefined : checked(value);
    },
    cancel() {
      // Of a generator that waits, `return` waits too; a Readable is ended by itself.
      if (isDestroyable(input)) input.destroy();
      iterator.return?.().then(ignore, ignore);
    },
  };
}

function isDestroyable(input: object): input is { destroy(): void } {
  return "destroy" in input && typeof input.destroy === "function";
}

function checked(piece: unknown): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  throw new TypeError(`a piece of the input is ${typeof piece === "string" ? "a string: set no encoding" : "no Uint8Array"}`);
}

function ignore(): void {}
