/** Express and Millrace on one port: pages and streams are below /media, all else is Express's. */
import http from "node:http";
import express from "express";
import { createServer } from "millrace";

const app = express();
app.get("/", (_request, response) => {
  response.send('<h1>Ours</h1><iframe src="/media/embed/live/cam" allow="autoplay; fullscreen" width="640" height="360"></iframe>');
});

const httpServer = http.createServer(app);
const media = createServer({
  rtmp: { host: "127.0.0.1", port: Number(process.env.RTMP_PORT ?? 1935) },
  http: { server: httpServer, basePath: "/media" },
  auth: false, // everybody may publish; media.onPublish() can decide instead
});
await media.listen();
httpServer.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`open http://127.0.0.1:${httpServer.address().port}/`);
  console.log(`publish to rtmp://127.0.0.1:${media.address("rtmp").port}/live/cam`);
});

process.once("SIGTERM", async () => {
  // Millrace first: Node closes a server when its connections are gone, and viewers stay.
  await media.close();
  httpServer.close();
});
