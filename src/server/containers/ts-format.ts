import { notCarriedByTs } from "../../containers/mpegts/carried.ts";
import { tsMuxer } from "../../containers/mpegts/muxer.ts";
import type { ContainerFormat } from "./container-format.ts";

/** `/APP/STREAM.ts`: MPEG-TS over HTTP and WebSocket. */
export const tsFormat: ContainerFormat = {
  name: "mpegts",
  title: "MPEG-TS",
  extensions: ["ts"],
  mimeType: "video/mp2t",
  cannotCarry: notCarriedByTs,
  webSocket: true,
  players: { http: "VLC, mpv, FFmpeg, mpegts.js", webSocket: "mpegts.js" },
  muxer: ({ video, audio }) => tsMuxer({ video, audio }),
};
