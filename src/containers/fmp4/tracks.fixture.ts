/** Tracks for the tests of this folder. */
import type { AudioTrack, VideoTrack } from "../../media/track.ts";

function hex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function avcTrack(changes: Partial<VideoTrack> = {}): VideoTrack {
  return {
    id: 1,
    kind: "video",
    codec: "avc",
    config: hex("0164001fffe1001a6764001facd9405005bb011000000300100000030300f183196001000468efbcb0fdf8f800"),
    timescale: 1000,
    isDefault: true,
    codecString: "avc1.64001f",
    width: 1280,
    height: 720,
    frameRate: 25,
    ...changes,
  };
}

export function aacTrack(changes: Partial<AudioTrack> = {}): AudioTrack {
  return {
    id: 2,
    kind: "audio",
    codec: "aac",
    config: hex("1190"),
    timescale: 1000,
    isDefault: true,
    codecString: "mp4a.40.2",
    sampleRate: 48_000,
    channels: 2,
    samplesPerFrame: 1024,
    ...changes,
  };
}

/** OpusHead of RFC 7845 5.1: version 1, two channels, pre-skip 312, 44100 Hz at the input, gain -2, family 0. */
export const opusHead = hex("4f707573486561640102380144ac0000feff00");

/** STREAMINFO of 4096-sample blocks, 44100 Hz, two channels, 24 bits. */
export const streamInfo = hex(`10001000${"000000".repeat(2)}0ac44370${"00".repeat(4 + 16)}`);

/** An hvcC whose three arrays are not said to be complete. */
export const incompleteHvcC = hex(`01016000000090000000000078f000fcfdf8f800000f032000010002400121000100034201aa22000200014400020102`);

/** An hvcC of x265, main profile, cropped. */
export const hvcC = hex(
  "0101600000009000000000005df000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003005d959809a10001002c4201010160000003009000" +
    "0003000003005da00280802d1d565959a4932bc05a020000030002000003003c10a2000100074401c172b46240",
);
