/** Fastify and Millrace on one port: pages and streams are below /media, all else is Fastify's. */
import Fastify from "fastify";
import { createServer } from "millrace";

const fastify = Fastify();
fastify.get("/", (_request, reply) => {
  reply.type("text/html");
  return '<h1>Ours</h1><iframe src="/media/embed/live/cam" allow="autoplay; fullscreen" width="640" height="360"></iframe>';
});

const media = createServer({
  rtmp: { host: "127.0.0.1", port: Number(process.env.RTMP_PORT ?? 1935) },
  http: { server: fastify.server, basePath: "/media" },
  auth: false, // everybody may publish; media.onPublish() can decide instead
});
// Before Fastify closes its server, which waits for every connection, and viewers stay.
fastify.addHook("preClose", () => media.close());

await media.listen();
console.log(`open ${await fastify.listen({ host: "127.0.0.1", port: Number(process.env.PORT ?? 3000) })}/`);
console.log(`publish to rtmp://127.0.0.1:${media.address("rtmp").port}/live/cam`);

process.once("SIGTERM", () => void fastify.close());
