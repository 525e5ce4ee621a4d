import { copyField } from "./copy-field.ts";
import type { WatchUrls } from "./stream-urls.ts";

/** The addresses of a stream, each with a button that copies it. */
export function watchUrlFields(urls: WatchUrls): DocumentFragment {
  const fields = new DocumentFragment();
  if (urls.rtmp !== undefined) fields.append(copyField("RTMP", urls.rtmp, "VLC, mpv, FFmpeg, OBS"));
  fields.append(
    ...urls.containers.map(({ label, url, players }) => copyField(label, url, players)),
    copyField("This page", urls.page),
    copyField("Embed code", urls.embedCode, "for a page of yours"),
  );
  return fields;
}
