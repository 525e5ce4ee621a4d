import type { Config } from "../config/schema.ts";
import type { HttpServiceOptions } from "./http-service.ts";

/** Playlists and parts of sound and pictures, that a player waits for at one time. */
const REQUESTS_OF_A_VIEWER = 4;

/** What the settings say of HLS; undefined where it is off. */
export function hlsOptions({ hls, streams, viewers }: Config): HttpServiceOptions["hls"] {
  if (!hls.enabled) return undefined;
  return {
    format: hls.segments === "mpegts" ? "ts" : "demuxed",
    partDuration: hls.lowLatency ? hls.partDuration : undefined,
    window: hls.window,
    maxBytes: streams.ringSize,
    maxWaiting: viewers.max * REQUESTS_OF_A_VIEWER,
  };
}
