import { extname } from "node:path";

/** Media types of what lies in folders of media. Whatever is not here is sent as bytes that no browser runs. */
const types: Readonly<Record<string, string>> = {
  ".mp4": "video/mp4",
  ".m4v": "video/mp4",
  ".m4s": "video/iso.segment",
  ".cmfv": "video/mp4",
  ".cmfa": "audio/mp4",
  ".f4v": "video/mp4",
  ".m4a": "audio/mp4",
  ".mov": "video/quicktime",
  ".flv": "video/x-flv",
  ".ts": "video/mp2t",
  ".mts": "video/mp2t",
  ".mkv": "video/x-matroska",
  ".mka": "audio/x-matroska",
  ".webm": "video/webm",
  ".avi": "video/x-msvideo",
  ".mpg": "video/mpeg",
  ".mp3": "audio/mpeg",
  ".aac": "audio/aac",
  ".ogg": "audio/ogg",
  ".opus": "audio/ogg",
  ".wav": "audio/wav",
  ".flac": "audio/flac",
  ".m3u8": "application/vnd.apple.mpegurl",
  ".mpd": "application/dash+xml",
  ".vtt": "text/vtt; charset=utf-8",
  ".srt": "application/x-subrip",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".png": "image/png",
  ".webp": "image/webp",
  ".json": "application/json",
  ".txt": "text/plain; charset=utf-8",
};

/** The media type by the end of a file's name. */
export function fileType(name: string): string {
  return types[extname(name).toLowerCase()] ?? "application/octet-stream";
}
