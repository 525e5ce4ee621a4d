import { carriedByMatroska } from "../../containers/matroska/carried.ts";
import { DocType } from "../../containers/matroska/document.ts";
import { matroskaMuxer } from "../../containers/matroska/muxer.ts";
import type { ContainerFormat } from "./container-format.ts";

/** `/APP/STREAM.mkv`: Matroska of all that it has a name for. */
export const matroskaFormat: ContainerFormat = {
  name: "matroska",
  title: "Matroska",
  extensions: ["mkv"],
  mimeType: (tracks) => (tracks.some(({ kind }) => kind === "video") ? "video/x-matroska" : "audio/x-matroska"),
  cannotCarry: (track) => carriedByMatroska(track, DocType.matroska),
  players: { http: "VLC, mpv, FFmpeg" },
  muxer: ({ video, audio }) => matroskaMuxer({ video, audio, docType: DocType.matroska }),
};

/** `/APP/STREAM.webm`: what browsers play of it. */
export const webmFormat: ContainerFormat = {
  name: "webm",
  title: "WebM",
  extensions: ["webm"],
  mimeType(tracks) {
    const kind = tracks.some((track) => track.kind === "video") ? "video" : "audio";
    return `${kind}/webm; codecs="${tracks.map(({ codec, codecString }) => codecString || codec).join(",")}"`;
  },
  cannotCarry: (track) => carriedByMatroska(track, DocType.webm),
  players: { http: "Chromium, Firefox, VLC, mpv, FFmpeg" },
  muxer: ({ video, audio }) => matroskaMuxer({ video, audio, docType: DocType.webm }),
};
