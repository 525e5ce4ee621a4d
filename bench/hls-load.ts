/**
 * Players of HLS, many in one process, as cheap as they can be: `node bench/hls-load.ts URL VIEWERS SECONDS ll|classic [PID]`. In low latency each has two connections
 * for every rendition, one that always waits for the next playlist and one that fetches every new part; else it asks for the playlist once a target duration
 * and fetches every new segment. Prints `key=value`.
 *
 * `delay` is from when the first of all players was told of a part, at once when it is there, to when each of them was.
 */
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";

const [, , url = "", count = "1", seconds = "10", mode = "ll", pid] = process.argv;
const viewers = Number(count);
const isLow = mode === "ll";

/** What was heard since the measurement began. */
const heard = { playlists: 0, media: 0, bytes: 0, errors: 0, delays: [] as number[] };
let isMeasuring = false;

/** One connection, one request at a time. */
class Asker {
  readonly #socket: Socket;
  readonly #host: string;
  #held: Buffer[] = [];
  #length = 0;
  #wanted: number | undefined;
  #bodyAt = 0;
  #status = 0;
  #done: ((status: number, body: Buffer) => void) | undefined;

  constructor(base: URL) {
    this.#host = base.host;
    this.#socket = connect({ host: base.hostname, port: Number(base.port), noDelay: true });
    this.#socket.on("data", (data) => this.#data(data));
    this.#socket.on("error", () => void (heard.errors += 1));
  }

  get(path: string): Promise<{ status: number; body: Buffer }> {
    return new Promise((resolve) => {
      this.#done = (status, body) => resolve({ status, body });
      this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: ${this.#host}\r\n\r\n`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #data(data: Buffer): void {
    this.#held.push(data);
    this.#length += data.length;
    if (this.#wanted === undefined) {
      const head = this.#held.length === 1 ? data : Buffer.concat(this.#held);
      this.#held = [head];
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      const text = head.toString("latin1", 0, end);
      this.#status = Number(text.slice(9, 12));
      this.#bodyAt = end + 4;
      this.#wanted = this.#bodyAt + Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? 0);
    }
    if (this.#length < this.#wanted) return;
    const body = Buffer.concat(this.#held).subarray(this.#bodyAt, this.#wanted);
    this.#held = [];
    this.#length = 0;
    this.#wanted = undefined;
    this.#done!(this.#status, body);
  }
}

/** What a playlist has at its end. */
interface End {
  readonly target: number;
  readonly segment: number;
  /** Parts of the segment that is not complete. */
  readonly parts: number;
  readonly uris: readonly string[];
}

function readEnd(text: string): End {
  let segment = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1] ?? 0);
  const target = Number(/#EXT-X-TARGETDURATION:(\d+)/.exec(text)?.[1] ?? 2);
  let parts = 0;
  const uris: string[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("#EXT-X-PART:")) {
      parts += 1;
      if (isLow) uris.push(/URI="([^"]+)"/.exec(line)![1]!);
    } else if (line.startsWith("#EXTINF:")) {
      segment += 1;
      parts = 0;
    } else if (line !== "" && !line.startsWith("#") && !isLow) uris.push(line);
  }
  return { target, segment, parts, uris };
}

const told = new Map<string, number>();

/** When anybody was told of this first. */
function firstTold(what: string, now: number): number {
  const first = told.get(what);
  if (first === undefined) told.set(what, now);
  return first ?? now;
}

async function rendition(playlist: URL): Promise<void> {
  const [lists, pieces] = [new Asker(playlist), new Asker(playlist)];
  const have = new Set<string>();
  let fetching: Promise<void> = Promise.resolve();
  let isFirst = true;
  let query = "";
  for (;;) {
    const path = playlist.pathname + (playlist.search || "?") + query;
    const { status, body } = await lists.get(path);
    if (status !== 200) {
      if (isMeasuring) heard.errors += 1;
      await new Promise((resolve) => setTimeout(resolve, 500));
      continue;
    }
    const now = performance.now();
    const end = readEnd(body.toString("latin1"));
    if (isMeasuring) {
      heard.playlists += 1;
      heard.bytes += body.length;
      if (isLow && !isFirst) heard.delays.push(now - firstTold(`${playlist.pathname} ${end.segment} ${end.parts}`, now));
    }
    const fresh = end.uris.filter((uri) => !have.has(uri));
    for (const uri of fresh) have.add(uri);
    if (have.size > 500) for (const uri of have) if (!end.uris.includes(uri)) have.delete(uri);
    const wanted = isFirst ? fresh.slice(-1) : fresh;
    isFirst = false;
    fetching = fetching.then(async () => {
      for (const uri of wanted) {
        const { pathname, search } = new URL(uri, playlist);
        const answer = await pieces.get(pathname + search);
        if (!isMeasuring) continue;
        if (answer.status === 200) heard.media += 1;
        else heard.errors += 1;
        heard.bytes += answer.body.length;
      }
    });
    if (isLow) query = `&_HLS_msn=${end.segment}&_HLS_part=${end.parts}`;
    else await new Promise((resolve) => setTimeout(resolve, end.target * 1000));
  }
}

/** CPU seconds of a process: clock ticks of 10 ms, of it and of those that it has waited for. */
function cpuOf(id: string): number {
  const fields = readFileSync(`/proc/${id}/stat`, "latin1")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const first = new URL(url);
const asker = new Asker(first);
let text = "";
for (let tries = 0; tries < 60 && !text.startsWith("#EXTM3U"); tries++) {
  if (tries > 0) await new Promise((resolve) => setTimeout(resolve, 500));
  text = (await asker.get(first.pathname + first.search)).body.toString("latin1");
}
asker.close();
const uris = [...new Set([...text.matchAll(/URI="([^"]+)"|^([^#\n].*)$/gm)].map(([, quoted, plain]) => quoted ?? plain!))];
const playlists = text.includes("#EXTINF") ? [first] : uris.map((uri) => new URL(uri, first));
const pause = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));
for (let i = 0; i < viewers; i++) {
  for (const playlist of playlists) void rendition(playlist);
  if (i % 20 === 19) await pause(20);
}
await pause(4000);
isMeasuring = true;
const cpu = pid === undefined ? 0 : cpuOf(pid);
const began = performance.now();
await pause(Number(seconds) * 1000);
const took = (performance.now() - began) / 1000;
const used = pid === undefined ? 0 : cpuOf(pid) - cpu;
heard.delays.sort((a, b) => a - b);
const at = (part: number): number => Math.round(heard.delays[Math.floor(heard.delays.length * part)] ?? NaN);
const figures = {
  viewers,
  cpu_percent: ((used / took) * 100).toFixed(1),
  cpu_us_per_viewer_s: Math.round((used * 1e6) / took / viewers),
  playlists_s: Math.round(heard.playlists / took),
  media_s: Math.round(heard.media / took),
  mbit_s: ((heard.bytes * 8) / took / 1e6).toFixed(1),
  delay_p50_ms: at(0.5),
  delay_p99_ms: at(0.99),
  errors: heard.errors,
};
console.log(
  Object.entries(figures)
    .map(([key, value]) => `${key}=${value}`)
    .join(" "),
);
process.exit(0);
