import type { Track } from "../../media/track.ts";

/** What a track has whatever its codec is: given by the demuxer. */
export type SourceBase = Pick<Track, "id" | "timescale" | "isDefault" | "language">;
