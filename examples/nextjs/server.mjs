/** Next.js with a custom server, and Millrace on the same port: pages and streams are below /media, all else is Next's. */
import { randomBytes } from "node:crypto";
import http from "node:http";
import { createServer } from "millrace";
import next from "next";

const hostname = "127.0.0.1";
const port = Number(process.env.PORT ?? 3000);
const app = next({ dev: process.env.NODE_ENV !== "production", hostname, port });
await app.prepare();
const handle = app.getRequestHandler();

const httpServer = http.createServer((request, response) => void handle(request, response));
const publishKey = process.env.PUBLISH_KEY ?? randomBytes(12).toString("base64url");
const media = createServer({
  rtmp: { host: hostname, port: Number(process.env.RTMP_PORT ?? 1935) },
  http: { server: httpServer, basePath: "/media" },
});
// Or ask your users' table. media.onPlay() decides about viewers, who have their cookies with them.
media.onPublish(({ key }) => key === publishKey);
await media.listen();
httpServer.listen(port, hostname, () => {
  console.log(`open http://${hostname}:${httpServer.address().port}/`);
  console.log(`publish to rtmp://${hostname}:${media.address("rtmp").port}/live/cam?key=${publishKey}`);
});

process.once("SIGTERM", async () => {
  // Millrace first: Node closes a server when its connections are gone, and viewers stay.
  await media.close();
  httpServer.close();
  // In development Next goes on watching files.
  process.exit();
});
