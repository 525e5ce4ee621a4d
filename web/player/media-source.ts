/** Finding a MediaSource, whatever it is called here, and tying it to a video element. */

interface MediaSourceClass {
  new (): MediaSource;
  isTypeSupported(type: string): boolean;
}

/** MediaSource, or ManagedMediaSource where that is all there is (iPhone); undefined without both. */
export function mediaSourceClass(): MediaSourceClass | undefined {
  const scope = globalThis as { MediaSource?: MediaSourceClass; ManagedMediaSource?: MediaSourceClass };
  return scope.MediaSource ?? scope.ManagedMediaSource;
}

/** Whether MSE plays a track of this type. */
export function msePlays(mimeType: string): boolean {
  return mediaSourceClass()?.isTypeSupported(mimeType) ?? false;
}

/**
 * Makes a MediaSource the video's source.
 *
 * @param opened called once, when SourceBuffers can be added.
 * @returns what takes it off again.
 */
export function attachMediaSource(video: HTMLVideoElement, opened: (source: MediaSource) => void): () => void {
  const Source = mediaSourceClass();
  if (Source === undefined) throw new Error("this browser has no Media Source Extensions");
  const source = new Source();
  source.addEventListener("sourceopen", () => opened(source), { once: true });
  // A ManagedMediaSource opens only where no remote playback (AirPlay) is offered.
  const isManaged = !("MediaSource" in globalThis);
  if (isManaged) video.disableRemotePlayback = true;
  const url = URL.createObjectURL(source);
  video.src = url;
  return () => {
    URL.revokeObjectURL(url);
    if (video.src === url) {
      video.removeAttribute("src");
      video.load();
    }
  };
}
