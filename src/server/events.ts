/** Called with what happened. What it throws, or a promise of it rejects with, is logged and nothing else. */
export type Listener<Event> = (event: Event) => unknown;

/** How long a listener listens. */
export interface ListenOptions {
  /** Takes the listener away when it is aborted. */
  readonly signal?: AbortSignal;
}

/** Listeners by the name of what they listen to. */
type ListenersOf<Map> = { readonly [Name in keyof Map]: Set<{ readonly listener: Listener<Map[Name]> }> };

/**
 * Listeners by the name of what they want to hear of, in a turn of their own: what happens goes on before they are told,
 * in order, and nothing they do can hurt it.
 */
export class Events<Map extends object> {
  readonly #listeners: ListenersOf<Map>;
  readonly #log: { error(fields: object, message: string): void };

  /** @param names all there are */
  constructor(names: readonly (keyof Map)[], log: { error(fields: object, message: string): void }) {
    this.#listeners = Object.fromEntries(names.map((name) => [name, new Set()])) as ListenersOf<Map>;
    this.#log = log;
  }

  /**
   * @returns a function that takes the listener away
   * @throws {TypeError} for a name that is none, or what is no function
   */
  on<Name extends keyof Map>(name: Name, listener: Listener<Map[Name]>, { signal }: ListenOptions = {}): () => void {
    if (!Object.hasOwn(this.#listeners, name)) {
      throw new TypeError(`there is no event "${String(name)}"; there are ${Object.keys(this.#listeners).join(", ")}`);
    }
    if (typeof listener !== "function") throw new TypeError(`a listener is a function, not a ${typeof listener}`);
    const listeners = this.#listeners[name];
    if (signal?.aborted === true) return () => undefined;
    const entry = { listener };
    const off = (): void => {
      listeners.delete(entry);
      signal?.removeEventListener("abort", off);
    };
    listeners.add(entry);
    signal?.addEventListener("abort", off, { once: true });
    return off;
  }

  /** Tells those who listen when the present turn is over, as far as they still listen then. */
  emit<Name extends keyof Map>(name: Name, event: Map[Name]): void {
    const listeners = this.#listeners[name];
    for (const entry of listeners) {
      queueMicrotask(() => {
        if (listeners.has(entry)) void this.#tell(name, entry.listener, event);
      });
    }
  }

  async #tell<Event>(name: keyof Map, listener: Listener<Event>, event: Event): Promise<void> {
    try {
      await listener(event);
    } catch (err) {
      this.#log.error({ err, event: String(name) }, `a listener to "${String(name)}" failed`);
    }
  }
}
