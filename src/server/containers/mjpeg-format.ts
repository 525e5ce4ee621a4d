/** Motion JPEG alone, as cameras and ffserver have it: of a stream with sound it has the pictures. */
import { mjpegMuxer, mpjpegMuxer, multipartBoundary, notCarriedByMotionJpeg } from "../../containers/mjpeg/motion-jpeg.ts";
import type { ContainerFormat } from "./container-format.ts";

/** `/APP/STREAM.mjpg`: what `<img>` shows. */
export const mpjpegFormat: ContainerFormat = {
  name: "mpjpeg",
  title: "MJPEG (multipart)",
  extensions: ["mjpg"],
  mimeType: `multipart/x-mixed-replace;boundary=${multipartBoundary}`,
  kinds: ["video"],
  cannotCarry: notCarriedByMotionJpeg,
  players: { http: "browsers (<img>), VLC, FFmpeg" },
  muxer: mpjpegMuxer,
};

/** `/APP/STREAM.mjpeg`: one picture after the other. */
export const mjpegFormat: ContainerFormat = {
  name: "mjpeg",
  title: "MJPEG",
  extensions: ["mjpeg"],
  mimeType: "video/x-mjpeg",
  kinds: ["video"],
  cannotCarry: notCarriedByMotionJpeg,
  players: { http: "VLC, mpv, FFmpeg" },
  muxer: mjpegMuxer,
};
