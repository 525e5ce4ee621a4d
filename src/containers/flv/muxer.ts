import type { MuxerFactory } from "../../media/muxer.ts";
import { fileHeader, tagParts } from "./tag.ts";
import type { TagOptions } from "./tag-muxer.ts";
import { TagMuxer } from "./tag-muxer.ts";

/**
 * FLV of one timeline: header and sequence headers as `init`, each frame a chunk of one tag. A response ends where a
 * track comes or goes or changes its codec, since the flags of the header have been sent.
 *
 * Tracks beyond the first of a kind, codecs FLV has no id for and frames over 16 MiB are left out.
 */
export function flvMuxer(options: TagOptions): MuxerFactory {
  const writer = {
    tag: tagParts,
    opening: ({ audio, video }: { readonly audio: unknown; readonly video: unknown }) => [
      fileHeader({ audio: audio !== undefined, video: video !== undefined }),
    ],
    goesOnAlways: false,
  };
  return (sink) => new TagMuxer(options, writer, sink);
}
