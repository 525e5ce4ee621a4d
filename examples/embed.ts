/**
 * A live server inside a program of one's own: `node examples/embed.ts`, publish to the URL it prints, and hear of
 * streams as they come and go. Ctrl+C ends it.
 */
import { createServer } from "../src/index.ts";

const server = createServer({
  rtmp: { host: "127.0.0.1", port: 0 },
  http: { host: "127.0.0.1", port: 0 },
  // Everybody who reaches it may publish. A hook, server.onPublish(), can decide instead.
  auth: false,
  streams: { gracePeriod: "20s" },
});
await server.listen();
console.log(`publish to rtmp://127.0.0.1:${server.address("rtmp")!.port}/live/cam`);
console.log(`watch at   http://127.0.0.1:${server.address("http")!.port}/watch/live/cam`);

for (const event of ["live", "lost", "ended"] as const) {
  server.on(event, ({ stream }) => console.log(event, stream.name, `${stream.viewers} viewers`));
}
process.once("SIGINT", () => void server.close());
