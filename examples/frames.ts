/**
 * Reads a stream frame by frame: `node examples/frames.ts`, publish to the URL it prints, and see what key frames weigh.
 * It ends with the stream.
 */
import { createServer } from "../src/index.ts";

await using server = createServer({ rtmp: { host: "127.0.0.1", port: 0 }, http: { enabled: false }, auth: false });
await server.listen();
console.log(`publish to rtmp://127.0.0.1:${server.address("rtmp")!.port}/live/cam`);

// Waits for a publisher, goes on over its reconnects, ends with the stream.
const frames = server.stream("live/cam").frames({ tracks: ({ kind }) => kind === "video" });
for await (const { track, pts, sap, gap, data, generation } of frames) {
  // The first frame, and the first after a break: a decoder would begin anew, with the configuration of its track.
  if (gap !== undefined) console.log(`${gap}: ${generation.tracks.map(({ codecString }) => codecString).join(", ")}`);
  if (sap !== 0) console.log(`${(pts / track.timescale).toFixed(3)} s: ${data.length} bytes`);
}
console.log(`the stream has ended; ${frames.skips} times this program was too slow for it`);
