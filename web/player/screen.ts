/** Full screen and picture in picture, by whichever of their names the browser knows. */

interface AppleVideo extends HTMLVideoElement {
  webkitEnterFullscreen?(): void;
  readonly webkitSupportsFullscreen?: boolean;
}

export function canFullscreen(host: HTMLElement, video: AppleVideo): boolean {
  return (document.fullscreenEnabled && "requestFullscreen" in host) || "webkitEnterFullscreen" in video;
}

export function isFullscreen(host: HTMLElement): boolean {
  return document.fullscreenElement !== null && (document.fullscreenElement === host || host.matches(":fullscreen"));
}

/** The whole player fills the screen; on an iPhone only a video element can. Refusals are the browser's to show. */
export async function toggleFullscreen(host: HTMLElement, video: AppleVideo): Promise<void> {
  try {
    if (isFullscreen(host)) await document.exitFullscreen();
    else if ("requestFullscreen" in host && document.fullscreenEnabled) await host.requestFullscreen({ navigationUI: "hide" });
    else video.webkitEnterFullscreen?.();
  } catch {
    // Not in a gesture, or not allowed by the frame that embeds us.
  }
}

export function canPictureInPicture(video: HTMLVideoElement): boolean {
  return document.pictureInPictureEnabled && !video.disablePictureInPicture;
}

export async function togglePictureInPicture(video: HTMLVideoElement): Promise<void> {
  try {
    if (document.pictureInPictureElement !== null) await document.exitPictureInPicture();
    else await video.requestPictureInPicture();
  } catch {
    // No picture yet, or not allowed.
  }
}
