/** Fastify and Millrace on one port: pages and streams are below /media, all else is Fastify's, and the WebSocket of its chat. */
import { randomBytes } from "node:crypto";
import webSocket from "@fastify/websocket";
import Fastify from "fastify";
import { createServer } from "millrace";

const page = `<!doctype html>
<title>Ours</title>
<script type="module" src="/media/assets/player.js"></script>
<h1>Ours</h1>
<millrace-player src="/media/live/cam" autoplay controls muted></millrace-player>`;

const fastify = Fastify();
await fastify.register(webSocket);
fastify.get("/", (_request, reply) => reply.type("text/html").send(page));
fastify.get("/chat", { websocket: true }, (socket) => socket.on("message", (words) => socket.send(`you said ${words}`)));

const publishKey = process.env.PUBLISH_KEY ?? randomBytes(12).toString("base64url");
const media = createServer({
  rtmp: { host: "127.0.0.1", port: Number(process.env.RTMP_PORT ?? 1935) },
  http: { server: fastify.server, basePath: "/media" },
});
// Or ask your users' table. media.onPlay() decides about viewers, who have their cookies with them.
media.onPublish(({ key }) => key === publishKey);
// Before Fastify closes its server, which waits for every connection, and viewers stay.
fastify.addHook("preClose", () => media.close());

await media.listen();
console.log(`open ${await fastify.listen({ host: "127.0.0.1", port: Number(process.env.PORT ?? 3000) })}/`);
console.log(`publish to rtmp://127.0.0.1:${media.address("rtmp").port}/live/cam?key=${publishKey}`);

process.once("SIGTERM", () => void fastify.close());
