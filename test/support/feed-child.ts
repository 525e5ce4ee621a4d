/** A server that keeps a feed and publishes to it until it is killed: `feed-child.ts DATA FIRST-PICTURE`. Says each picture it has published, and when. */
import { writeSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "../../src/server/server.ts";
import { audio, picture, pictureMs, video } from "../contracts/media.ts";

const [data = "", first = "0"] = process.argv.slice(2);
/** Bytes of a picture: 2 Mb/s. */
const length = 9800;

const server = createServer({
  data,
  auth: false,
  rtmp: { enabled: false },
  http: { host: "127.0.0.1", port: 0 },
  viewers: { waitForPublisher: "0s" },
  feeds: { "live/cam": { file: "cam.ring", maxSize: "16MiB" } },
});
await server.listen();
writeSync(1, `port ${server.address("http")!.port}\n`);
await once(process.stdin, "data");
const publisher = server.publishFrames("live/cam", { tracks: [video, audio] });
const [begun, from] = [performance.now(), Number(first)];
let number = from;
setInterval(() => {
  for (; (number - from) * pictureMs <= performance.now() - begun; number++) {
    const {
      dts: at,
      pts,
      sap,
      data: payload,
    } = picture(number, { length, at: (number - from) * pictureMs, key: (number - from) % 25 === 0 });
    publisher.write({ track: video.id, dts: at, pts, sap, data: payload });
    publisher.write({ track: audio.id, dts: at, data: new Uint8Array(100) });
    writeSync(1, `picture ${number} ${Date.now()}\n`);
  }
}, 10);
