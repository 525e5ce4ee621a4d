/** What keys do, on the player or any of its buttons. */
export interface KeyListener {
  togglePlay(): void;
  toggleMute(): void;
  toggleFullscreen(): void;
  jumpToLive(): void;
  /** Louder or softer by a part of the whole. */
  changeVolume(by: number): void;
}

const volumeStep = 0.1;

/** Space and k play, m mutes, f fills the screen, l jumps to live, arrows up and down change the volume. */
export function handleKey(event: KeyboardEvent, listener: KeyListener): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.composedPath()[0];
  const onButton = target instanceof HTMLButtonElement;
  const onSlider = target instanceof HTMLInputElement;
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
