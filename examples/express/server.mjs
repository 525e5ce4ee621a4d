/** Express and Millrace on one port: pages and streams are below /media, all else is Express's, and the WebSocket of its chat. */
import { randomBytes } from "node:crypto";
import http from "node:http";
import express from "express";
import { createServer } from "millrace";
import { WebSocketServer } from "ws";

const page = `<!doctype html>
<title>Ours</title>
<script type="module" src="/media/assets/player.js"></script>
<h1>Ours</h1>
<millrace-player src="/media/live/cam" autoplay controls muted></millrace-player>`;

const app = express();
app.get("/", (_request, response) => response.send(page));

const httpServer = http.createServer(app);
const chat = new WebSocketServer({ server: httpServer, path: "/chat" });
chat.on("connection", (socket) => socket.on("message", (words) => socket.send(`you said ${words}`)));

const publishKey = process.env.PUBLISH_KEY ?? randomBytes(12).toString("base64url");
const media = createServer({
  rtmp: { host: "127.0.0.1", port: Number(process.env.RTMP_PORT ?? 1935) },
  http: { server: httpServer, basePath: "/media" },
});
// Or ask your users' table. media.onPlay() decides about viewers, who have their cookies with them.
media.onPublish(({ key }) => key === publishKey);
await media.listen();
httpServer.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`open http://127.0.0.1:${httpServer.address().port}/`);
  console.log(`publish to rtmp://127.0.0.1:${media.address("rtmp").port}/live/cam?key=${publishKey}`);
});

process.once("SIGTERM", async () => {
  // Millrace first: Node closes a server when its connections are gone, and viewers stay.
  await media.close();
  for (const socket of chat.clients) socket.close(1001);
  httpServer.close();
});
