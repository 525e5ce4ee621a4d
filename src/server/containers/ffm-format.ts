import { notCarriedByFfm } from "../../containers/ffm/carried.ts";
import { ffmMuxer } from "../../containers/ffm/muxer.ts";
import type { ContainerFormat } from "./container-format.ts";

/** `/APP/STREAM.ffm`: FFM2, with times from 1970 as ffserver's encoders had them. */
export const ffmFormat: ContainerFormat = {
  name: "ffm",
  title: "FFM",
  extensions: ["ffm"],
  mimeType: "application/x-octet-stream",
  cannotCarry: notCarriedByFfm,
  players: { http: "FFmpeg up to 3.4" },
  muxer: ({ video, audio }) => ffmMuxer({ video, audio, wallClock: true }),
};
