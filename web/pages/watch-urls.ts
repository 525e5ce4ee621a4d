import { copyField } from "./copy-field.ts";
import type { WatchUrls } from "./stream-urls.ts";

/** The addresses of a stream, each with a button that copies it. */
export function watchUrlFields(urls: WatchUrls): DocumentFragment {
  const fields = new DocumentFragment();
  if (urls.rtmp !== undefined) fields.append(copyField("RTMP", urls.rtmp, "VLC, mpv, FFmpeg, OBS"));
  fields.append(
    copyField("HTTP-FLV", urls.httpFlv, "VLC, mpv, FFmpeg, mpegts.js"),
    copyField("WS-FLV", urls.wsFlv, "mpegts.js"),
    copyField("HTTP-fMP4", urls.httpMp4, "browsers, mpv, FFmpeg"),
    copyField("WS-fMP4", urls.wsMp4, "this page's player"),
    copyField("This page", urls.page),
    copyField("Embed code", urls.embedCode, "for a page of yours"),
  );
  return fields;
}
