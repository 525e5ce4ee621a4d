import type { IncomingMessage } from "node:http";
import { withoutKeysIn } from "../http/keyless-url.ts";

/** What a connection does. */
export type ConnectionState = "waiting" | "receiving" | "sending";

/** One connection for a feed or an output. */
export interface Connection {
  readonly number: number;
  /** Of the feed or output. */
  readonly name: string;
  /** It publishes. */
  readonly isInput: boolean;
  readonly address: string;
  /** As it was asked for, without keys. */
  readonly url: string;
  readonly protocol: string;
  readonly state: ConnectionState;
  /** What its output is taken to need, in kbit/s. */
  readonly bandwidth: number;
  readonly bytes: number;
  /** Bits per second of the last seconds. */
  readonly rate: number;
}

/** What an output, or a feed, has had since the start. */
export interface Served {
  readonly connections: number;
  readonly bytes: number;
}

/** Milliseconds over which a rate is measured, at least. */
const rateTime = 5000;

/** The connections that feeds and outputs have and had, for the status page. */
export class ConnectionList {
  readonly #now: () => number;
  readonly #open = new Set<OpenConnection>();
  readonly #past = new Map<string, Served>();
  #count = 0;

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Notes a connection until it is closed. @returns what takes it out again: it came to nothing */
  add(request: IncomingMessage, facts: Pick<Connection, "name" | "isInput" | "address" | "bandwidth">): () => void {
    const connection = new OpenConnection(request, { ...facts, number: (this.#count += 1) }, this.#now());
    const { connections, bytes } = this.#past.get(facts.name) ?? { connections: 0, bytes: 0 };
    this.#past.set(facts.name, { connections: connections + 1, bytes });
    this.#open.add(connection);
    const over = (): void => {
      if (!this.#open.delete(connection)) return;
      const past = this.#past.get(facts.name)!;
      this.#past.set(facts.name, { ...past, bytes: past.bytes + connection.bytes });
    };
    request.socket.once("close", over);
    if (request.socket.destroyed) over();
    return () => {
      if (!this.#open.delete(connection)) return;
      const past = this.#past.get(facts.name)!;
      this.#past.set(facts.name, { ...past, connections: past.connections - 1 });
    };
  }

  /** Those that are open, in the order in which they came. */
  list(): Connection[] {
    const now = this.#now();
    return [...this.#open].map((connection) => connection.shown(now));
  }

  /** All that something has had, what goes on included. */
  served(name: string): Served {
    const { connections, bytes } = this.#past.get(name) ?? { connections: 0, bytes: 0 };
    const going = [...this.#open].filter((connection) => connection.facts.name === name);
    return { connections, bytes: going.reduce((sum, connection) => sum + connection.bytes, bytes) };
  }
}

class OpenConnection {
  readonly facts: Pick<Connection, "number" | "name" | "isInput" | "address" | "bandwidth">;
  readonly #request: IncomingMessage;
  readonly #from: number;
  #sample: { readonly at: number; readonly bytes: number };
  #rate = 0;

  constructor(request: IncomingMessage, facts: OpenConnection["facts"], now: number) {
    this.#request = request;
    this.facts = facts;
    this.#from = this.#total;
    this.#sample = { at: now, bytes: 0 };
  }

  get bytes(): number {
    return this.#total - this.#from;
  }

  get #total(): number {
    const { socket } = this.#request;
    return this.facts.isInput ? socket.bytesRead : socket.bytesWritten;
  }

  shown(now: number): Connection {
    const { bytes } = this;
    const since = now - this.#sample.at;
    if (since > 0) {
      const rate = ((bytes - this.#sample.bytes) * 8000) / since;
      if (this.#rate === 0 || since >= rateTime) this.#rate = rate;
      if (since >= rateTime) this.#sample = { at: now, bytes };
    }
    const { url = "", httpVersion } = this.#request;
    const state = this.facts.isInput ? "receiving" : bytes > 0 ? "sending" : "waiting";
    return { ...this.facts, url: withoutKeysIn(url), protocol: `HTTP/${httpVersion}`, state, bytes, rate: this.#rate };
  }
}
