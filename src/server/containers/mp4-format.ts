import { carriedByFmp4 } from "../../containers/fmp4/carried.ts";
import { mp4CodecString } from "../../containers/fmp4/description.ts";
import { fmp4Muxer } from "../../containers/fmp4/muxer.ts";
import type { ContainerFormat } from "./container-format.ts";

/** `/APP/STREAM.mp4`: HTTP-fMP4 and WebSocket-fMP4. */
export const mp4Format: ContainerFormat = {
  name: "mp4",
  title: "fMP4",
  extensions: ["mp4"],
  mimeType(tracks) {
    const kind = tracks.some((track) => track.kind === "video") ? "video" : "audio";
    return `${kind}/mp4; codecs="${tracks.map(mp4CodecString).join(",")}"`;
  },
  cannotCarry: carriedByFmp4,
  webSocket: true,
  players: { http: "browsers, mpv, FFmpeg", webSocket: "Millrace's player" },
  muxer: ({ video, audio }) => fmp4Muxer({ video, audio }),
};
