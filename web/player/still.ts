/** Shows the video's present picture on a canvas above it, for the time in which the element has none of its own. */
export function holdPicture(video: HTMLVideoElement, still: HTMLCanvasElement): void {
  if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || video.videoWidth === 0) return;
  still.width = video.videoWidth;
  still.height = video.videoHeight;
  still.getContext("2d")?.drawImage(video, 0, 0);
  still.hidden = false;
  const release = () => {
    still.hidden = true;
    video.removeEventListener("playing", release);
    video.removeEventListener("emptied", listen);
  };
  // Attaching a new source fires "emptied" later; a "playing" before that is not of the new source.
  const listen = () => video.addEventListener("playing", release);
  video.addEventListener("emptied", listen, { once: true });
}
