/**
 * A program that embeds the server and does all that one does, under watch: run with `--permission`, which lets it write no file,
 * start no process and load no native code. It says nothing unless something is wrong.
 *
 * Arguments: an FLV file to be published.
 */
import assert from "node:assert/strict";
import { subscribe } from "node:diagnostics_channel";
import { createReadStream } from "node:fs";
import type { Socket } from "node:net";
import { registerHooks } from "node:module";

const [clip = ""] = process.argv.slice(2);
assert.equal(process.permission.has("fs.write"), false, "to be run with --permission");

/** Variables of the environment that were read, by the file that did. */
const variables: (readonly [name: string, file: string])[] = [];
const noted = (key: string | symbol): undefined => {
  // The message, this function, the trap, and then who asked.
  const reader = new Error().stack?.split("\n")[3] ?? "";
  if (typeof key === "string") variables.push([key, /((?:src|node_modules|node:).*?):\d+:\d+/.exec(reader)?.[1] ?? reader]);
  return undefined;
};
process.env = new Proxy({}, { get: (_, key) => noted(key), has: (_, key) => noted(key) ?? false, ownKeys: () => (noted("all of it"), []) });

/** Addresses and names that connections were made to, or tried. */
const hosts = new Set<string>();
subscribe("net.client.socket", (message) => {
  const { socket } = message as { socket: Socket };
  socket.on("connectionAttempt", (address: string) => hosts.add(address));
  socket.on("lookup", (_error, _address, _family, host) => hosts.add(host));
});

const loaded = new Set<string>();
registerHooks({
  load(url, context, next) {
    loaded.add(url);
    return next(url, context);
  },
});

const events = (): string[] => process.eventNames().map(String).toSorted();
const before = events();

const { createServer } = await import("../../src/index.ts");
// The first of all kinds, with no settings but ports: nobody may publish to it.
const closed = createServer({ rtmp: { port: 0 }, http: { port: 0 } });
await closed.listen();

const server = createServer({ rtmp: { host: "127.0.0.1", port: 0 }, http: { host: "127.0.0.1", port: 0 }, auth: false });
await server.listen();
const heard: string[] = [];
server.on("live", ({ stream }) => heard.push(stream.name));
const frames = server.stream("live/file").frames();
const publishing = server.publish("live/file", createReadStream(clip), { format: "flv", pace: "realtime" });
await frames.next();
const base = `http://127.0.0.1:${server.address("http")!.port}`;
for (const path of ["/health", "/watch/live/file", "/api/v1/streams", "/live/none.flv?only=x"]) await (await fetch(base + path)).text();
const watched = await (await fetch(`${base}/live/file.flv`)).bytes();
await publishing;
assert.ok(watched.length > 10_000);
assert.deepEqual(heard, ["live/file"]);
assert.ok((await frames.next()).done !== true);
await Promise.all([server.close(), closed.close()]);

const byUs = variables.filter(([, file]) => !file.startsWith("node:") && !file.startsWith("node_modules/"));
assert.deepEqual(byUs, [], "variables that our code read");
// Packages look at two when they are loaded: whether a native helper, which we do not bring, is to be left alone (ws), and
// whether a worker, which we do not start, should measure coverage (pino).
const byPackages = variables.filter(([, file]) => file.startsWith("node_modules/")).map(([name]) => name);
assert.deepEqual([...new Set(byPackages)].toSorted(), ["NODE_V8_COVERAGE", "WS_NO_BUFFER_UTIL"], "variables that packages read");
assert.deepEqual([...hosts], ["127.0.0.1"]);
assert.deepEqual(events(), before, "events of the process that somebody listens to");
assert.deepEqual(
  [...loaded].filter((url) => url.endsWith(".node")),
  [],
);
