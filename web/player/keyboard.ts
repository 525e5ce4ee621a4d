/** What keys do, on the player or any of its buttons. */
export interface KeyListener {
  togglePlay(): void;
  toggleMute(): void;
  toggleFullscreen(): void;
  jumpToLive(): void;
  /** So many seconds further back, or forward. @returns whether there is a past to go to */
  stepBack(seconds: number): boolean;
  /** Louder or softer by a part of the whole. */
  changeVolume(by: number): void;
}

const volumeStep = 0.1;
/** Seconds. */
const seekStep = 10;

/** Space and k play, m mutes, f fills the screen, l jumps to live, arrows up and down change the volume, left and right go back and forward. */
export function handleKey(event: KeyboardEvent, listener: KeyListener): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.composedPath()[0];
  const onButton = target instanceof HTMLButtonElement;
  const onSlider = target instanceof HTMLInputElement;
  const isSideways = event.key === "ArrowLeft" || event.key === "ArrowRight";
  if (isSideways && !(onSlider && !target.classList.contains("seek"))) {
    // Where there is no past the page may have a use for the key.
    if (listener.stepBack(event.key === "ArrowLeft" ? seekStep : -seekStep)) event.preventDefault();
    return;
  }
  const action = actionOf(event.key, onButton, onSlider);
  if (action === undefined) return;
  event.preventDefault();
  action(listener);
}

function actionOf(key: string, onButton: boolean, onSlider: boolean): ((listener: KeyListener) => void) | undefined {
  switch (key) {
    case " ":
      // A focused button is pressed by space.
      return onButton ? undefined : (listener) => listener.togglePlay();
    case "k":
    case "K":
      return (listener) => listener.togglePlay();
    case "m":
    case "M":
      return (listener) => listener.toggleMute();
    case "f":
    case "F":
      return (listener) => listener.toggleFullscreen();
    case "l":
    case "L":
      return (listener) => listener.jumpToLive();
    case "ArrowUp":
      return onSlider ? undefined : (listener) => listener.changeVolume(volumeStep);
    case "ArrowDown":
      return onSlider ? undefined : (listener) => listener.changeVolume(-volumeStep);
    default:
      return undefined;
  }
}
