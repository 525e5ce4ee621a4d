/** What a browser can record of a capture, in the form that most players can be sent. */
export interface RecordingType {
  readonly mimeType: string;
  /** For people: `H.264 and Opus`. */
  readonly codecs: string;
  /** The container is written piece by piece. In MP4 browsers write from one key frame to the next: viewers are that much later. */
  readonly isPrompt: boolean;
  /** Words for who publishes, about viewers who cannot watch it. */
  readonly caveat: string;
}

interface Candidate extends Omit<RecordingType, "caveat"> {
  readonly video: boolean;
  readonly caveat?: string;
}

const vp8Caveat = "This browser records VP8 only. Browsers play it over .webm, and our player on the watch page may not.";
const vp9Caveat = "This browser records no H.264. Players that know only that, of RTMP for example, will show no picture.";

/** In order of preference: H.264 first, which every player knows; then what is written without waiting. */
const candidates: readonly Candidate[] = [
  { mimeType: "video/x-matroska;codecs=avc1,opus", codecs: "H.264 and Opus", video: true, isPrompt: true },
  { mimeType: "video/webm;codecs=h264,opus", codecs: "H.264 and Opus", video: true, isPrompt: true },
  { mimeType: "video/mp4;codecs=avc1.42E01F,mp4a.40.2", codecs: "H.264 and AAC", video: true, isPrompt: false },
  { mimeType: "video/mp4;codecs=avc1.42E01F,opus", codecs: "H.264 and Opus", video: true, isPrompt: false },
  { mimeType: "video/webm;codecs=vp9,opus", codecs: "VP9 and Opus", video: true, isPrompt: true, caveat: vp9Caveat },
  { mimeType: "video/webm;codecs=vp8,opus", codecs: "VP8 and Opus", video: true, isPrompt: true, caveat: vp8Caveat },
  { mimeType: "audio/webm;codecs=opus", codecs: "Opus", video: false, isPrompt: true },
  { mimeType: "audio/mp4;codecs=mp4a.40.2", codecs: "AAC", video: false, isPrompt: false },
];

/** The best of what this browser can record; undefined where there is nothing that the server could pass on. */
export function recordingType(hasVideo: boolean, isSupported: (mimeType: string) => boolean): RecordingType | undefined {
  const found = candidates.find(({ video, mimeType }) => video === hasVideo && isSupported(mimeType));
  return found && { mimeType: found.mimeType, codecs: found.codecs, isPrompt: found.isPrompt, caveat: found.caveat ?? "" };
}
