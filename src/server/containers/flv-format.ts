import { Signalling } from "../../containers/flv/enhanced.ts";
import { flvMuxer } from "../../containers/flv/muxer.ts";
import { notCarriedByFlv } from "../../containers/flv/selection.ts";
import type { ContainerFormat } from "./container-format.ts";

/** `/APP/STREAM.flv`: HTTP-FLV and WebSocket-FLV. `?hevc=legacy` writes HEVC under the unofficial codec id 12. */
export const flvFormat: ContainerFormat = {
  name: "flv",
  title: "FLV",
  extensions: ["flv"],
  mimeType: "video/x-flv",
  cannotCarry: notCarriedByFlv,
  parameters: { hevc: [Signalling.enhanced, Signalling.legacy] },
  webSocket: true,
  players: { http: "VLC, mpv, FFmpeg, mpegts.js", webSocket: "mpegts.js" },
  muxer: ({ video, audio, parameters }) => flvMuxer({ video, audio, signalling: parameters["hevc"] as Signalling }),
};
