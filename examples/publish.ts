/**
 * Publishes what is not live yet: `node examples/publish.ts clip.flv` plays a file at its own pace, and without a file it takes
 * what comes by standard input:
 *
 *     ffmpeg -re -i film.mkv -c copy -f flv - | node examples/publish.ts
 *
 * It ends when the input does.
 */
import { createReadStream } from "node:fs";
import { createServer, ProtocolError, Refusal } from "../src/index.ts";

const [file] = process.argv.slice(2);
await using server = createServer({ rtmp: { enabled: false }, http: { host: "127.0.0.1", port: 0 } });
await server.listen();
console.log(`watch at http://127.0.0.1:${server.address("http")!.port}/watch/live/file`);

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
server.on("live", ({ stream }) => console.log(`on air: ${stream.tracks.map(({ codec }) => codec).join(", ")}`));
try {
  // A program of one's own needs no key and no hook. What comes by a pipe comes as it happens.
  if (file === undefined) await server.publish("live/file", process.stdin, { format: "flv", signal: stop.signal });
  else await server.publish("live/file", createReadStream(file), { format: "flv", pace: "realtime", signal: stop.signal });
  console.log("the input has ended");
} catch (error) {
  if (stop.signal.aborted) console.log("stopped");
  else if (error instanceof ProtocolError || error instanceof Refusal) console.error(`${error.code}: ${error.message}`);
  else throw error;
}
