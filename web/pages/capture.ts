/** Camera, screen and microphone: what a browser gives, and words for why not. */

/** What is published. */
export const Source = { camera: "camera", screen: "screen", sound: "sound" } as const;
export type Source = (typeof Source)[keyof typeof Source];

export interface CaptureWishes {
  readonly source: Source;
  /** Ids of devices; "" for the browser's own choice, `none` for no sound. */
  readonly camera: string;
  readonly microphone: string;
  /** Lines of the picture. */
  readonly height: number;
}

/** In place of a device's id. */
export const noDevice = "none";

const framesPerSecond = 30;

/** Asks for what is wished. Rejects with the browser's own error; `captureTrouble` has words for it. */
export async function capture(wishes: CaptureWishes): Promise<MediaStream> {
  const { source, microphone } = wishes;
  const audio = microphone === noDevice ? false : soundOf(microphone);
  switch (source) {
    case "camera":
      return navigator.mediaDevices.getUserMedia({ video: { ...pictureOf(wishes), ...exactly(wishes.camera) }, audio });
    case "sound":
      return navigator.mediaDevices.getUserMedia({ audio: audio === false ? soundOf("") : audio });
    case "screen":
      return withMicrophone(await navigator.mediaDevices.getDisplayMedia({ video: pictureOf(wishes), audio: true }), audio);
  }
}

/** What comes from the screen has sound of its own where the browser offers that; else the microphone's is taken. */
async function withMicrophone(screen: MediaStream, audio: MediaTrackConstraints | false): Promise<MediaStream> {
  if (audio === false || screen.getAudioTracks().length > 0) return screen;
  try {
    const sound = await navigator.mediaDevices.getUserMedia({ audio });
    for (const track of sound.getTracks()) screen.addTrack(track);
    return screen;
  } catch (error) {
    stopCapture(screen);
    throw error;
  }
}

function pictureOf({ height }: CaptureWishes): MediaTrackConstraints {
  return { height: { ideal: height }, width: { ideal: Math.round((height * 16) / 9) }, frameRate: { ideal: framesPerSecond } };
}

function soundOf(id: string): MediaTrackConstraints {
  return { ...exactly(id), channelCount: { ideal: 2 } };
}

function exactly(id: string): MediaTrackConstraints {
  return id === "" ? {} : { deviceId: { exact: id } };
}

/** Lets go of cameras and microphones. */
export function stopCapture(stream: MediaStream | undefined): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** A device as it is offered. */
export interface Device {
  readonly id: string;
  readonly label: string;
}

/** Cameras and microphones. Before anything was allowed browsers tell neither ids nor names. */
export async function devices(): Promise<{ readonly cameras: readonly Device[]; readonly microphones: readonly Device[] }> {
  const all = await navigator.mediaDevices.enumerateDevices();
  const of = (kind: MediaDeviceKind): Device[] =>
    all.filter((device) => device.kind === kind && device.deviceId !== "").map(({ deviceId, label }) => ({ id: deviceId, label }));
  return { cameras: of("videoinput"), microphones: of("audioinput") };
}

/** Why this page cannot have a camera at all; undefined where it can. */
export function whyNoDevices(page: { readonly isSecure: boolean; readonly hasDevices: boolean; readonly url: URL }): string | undefined {
  if (page.hasDevices) return undefined;
  if (page.isSecure) return "This browser gives pages neither camera nor microphone.";
  const local = new URL(page.url);
  local.hostname = "localhost";
  return `Browsers give camera and microphone to pages over https alone, and on the machine itself. Put a proxy with a certificate before the server, or open this page on the server's own machine as ${local.origin}${local.pathname}.`;
}

/** Why a camera, microphone or screen was not given, in words for whoever asked. @param name of the browser's error */
export function captureTrouble(name: string, source: Source): string {
  const what = { camera: "camera or microphone", screen: "screen", sound: "microphone" }[source];
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return `The browser was not allowed to use the ${what}. Allow it in the browser's address bar, and in the system's settings.`;
    case "NotFoundError":
    case "OverconstrainedError":
      return `No ${what} was found that fits. Is it plugged in?`;
    case "NotReadableError":
    case "AbortError":
      return `The ${what} did not start. Does another program use it?`;
    default:
      return `The ${what} cannot be used (${name}).`;
  }
}
