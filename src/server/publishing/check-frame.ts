import type { Track } from "../../media/track.ts";

/** @throws TypeError for what a program or a plug-in gives as a track and is none */
export function checkTrack({ id, timescale, config }: Track): void {
  if (!Number.isSafeInteger(id) || id < 1) throw new TypeError("a track's id is a whole number from 1");
  if (!Number.isSafeInteger(timescale) || timescale < 1) throw new TypeError(`the timescale of track ${id} is a whole number from 1`);
  if (!(config instanceof Uint8Array))
    throw new TypeError(`the configuration of track ${id} is a Uint8Array, empty where its codec has none`);
}

/** @throws TypeError for times that are not whole ticks */
export function checkTimes(dts: number, pts: number): void {
  if (!Number.isSafeInteger(dts) || !Number.isSafeInteger(pts)) throw new TypeError("dts and pts are whole ticks of the track's timescale");
}
