/** The initialization segment: `ftyp moov`, the header of tracks whose samples all come in fragments. */
import { threeLetterLanguage } from "../../media/language.ts";
import { TrackKind } from "../../media/track.ts";
import type { AudioTrack, Track, VideoTrack } from "../../media/track.ts";
import { audioTimescale } from "./audio-clock.ts";
import { box, fields, fullBox } from "./boxes.ts";
import { sampleEntry } from "./sample-entry.ts";
import { videoTimescale } from "./video-clock.ts";

/** Tracks that MP4 has a sample entry for. */
export type MediaTrack = VideoTrack | AudioTrack;

const unityMatrix = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];
/** Tracks of one group are alternatives to one another (tkhd); nobody wants to hear two. */
const alternateGroup = { audio: 1, video: 2 } as const;

/** Ticks per second of a track in MP4. */
export function fmp4Timescale(track: MediaTrack): number {
  return track.kind === TrackKind.video ? videoTimescale : audioTimescale(track);
}

/**
 * ftyp and moov for tracks that `carriedByFmp4` lets pass; track ids are the tracks' own.
 *
 * @param timescaleOf ticks per second of a track's fragments
 */
export function fmp4Init(tracks: readonly MediaTrack[], timescaleOf: (track: MediaTrack) => number = fmp4Timescale): Uint8Array {
  const nextId = Math.max(0, ...tracks.map((track) => track.id)) + 1;
  const traks = tracks.map((track) => trak(track, tkhdFlags(track, tracks), group(track, tracks), timescaleOf(track)));
  const moov = box("moov", mvhd(nextId), ...traks, box("mvex", ...tracks.map(trex)));
  return fields((out) => out.bytes(ftyp()).bytes(moov));
}

/** File type (4.3): fragments with their own base offsets (iso6), as CMAF has them. */
export function ftyp(): Uint8Array {
  return box(
    "ftyp",
    fields((out) => out.ascii("iso6").u32(512).ascii("iso6").ascii("cmfc").ascii("mp41")),
  );
}

/** Enabled, in the movie, in the preview; alternatives that are not the default are not enabled. */
function tkhdFlags(track: Track, tracks: readonly Track[]): number {
  const alike = tracks.filter((other) => other.kind === track.kind);
  const preferred = alike.find((other) => other.isDefault) ?? alike[0];
  return track === preferred ? 7 : 6;
}

function group(track: Track, tracks: readonly Track[]): number {
  if (track.kind === TrackKind.audio) return alternateGroup.audio;
  return tracks.filter((other) => other.kind === TrackKind.video).length > 1 ? alternateGroup.video : 0;
}

/** Movie header, 8.2.2. Durations are 0 throughout: not known. */
function mvhd(nextTrackId: number): Uint8Array {
  const body = fields((out) => {
    out.zeros(8).u32(1000).u32(0).u32(0x1_0000).u16(0x0100).zeros(10);
    for (const value of unityMatrix) out.u32(value);
    out.zeros(24).u32(nextTrackId);
  });
  return fullBox("mvhd", 0, 0, body);
}

function trak(track: MediaTrack, flags: number, alternates: number, timescale: number): Uint8Array {
  const video = track.kind === TrackKind.video;
  const header = video
    ? fullBox(
        "vmhd",
        0,
        1,
        fields((out) => out.zeros(8)),
      )
    : fullBox(
        "smhd",
        0,
        0,
        fields((out) => out.zeros(4)),
      );
  const handler = fields((out) =>
    out
      .u32(0)
      .ascii(video ? "vide" : "soun")
      .zeros(12)
      .ascii(video ? "video" : "audio")
      .u8(0),
  );
  const dinf = box(
    "dinf",
    fullBox(
      "dref",
      0,
      0,
      fields((out) => out.u32(1)),
      fullBox("url ", 0, 1),
    ),
  );
  const minf = box("minf", header, dinf, sampleTable(sampleEntry(track)));
  const language = track.language === undefined ? [] : [elng(track.language)];
  const mdia = box("mdia", mdhd(track, timescale), fullBox("hdlr", 0, 0, handler), ...language, minf);
  return box("trak", tkhd(track, flags, alternates), mdia);
}

/** Track header, 8.3.2. */
function tkhd(track: MediaTrack, flags: number, alternates: number): Uint8Array {
  const video = track.kind === TrackKind.video;
  const body = fields((out) => {
    out
      .zeros(8)
      .u32(track.id)
      .zeros(16)
      .u16(0)
      .u16(alternates)
      .u16(video ? 0 : 0x0100)
      .u16(0);
    for (const value of unityMatrix) out.u32(value);
    out.u16(video ? Math.min(track.width, 0xffff) : 0).u16(0);
    out.u16(video ? Math.min(track.height, 0xffff) : 0).u16(0);
  });
  return fullBox("tkhd", 0, flags, body);
}

/** Media header, 8.4.2. */
function mdhd(track: MediaTrack, timescale: number): Uint8Array {
  return fullBox(
    "mdhd",
    0,
    0,
    fields((out) => out.zeros(8).u32(timescale).u32(0).u16(packedLanguage(track.language)).u16(0)),
  );
}

/** Extended language tag, 8.4.6: the BCP 47 tag itself. */
function elng(tag: string): Uint8Array {
  return fullBox(
    "elng",
    0,
    0,
    fields((out) => out.utf8(tag).u8(0)),
  );
}

function sampleTable(entry: Uint8Array): Uint8Array {
  const none = fields((out) => out.u32(0));
  return box(
    "stbl",
    fullBox(
      "stsd",
      0,
      0,
      fields((out) => out.u32(1)),
      entry,
    ),
    fullBox("stts", 0, 0, none),
    fullBox("stsc", 0, 0, none),
    fullBox(
      "stsz",
      0,
      0,
      fields((out) => out.u32(0).u32(0)),
    ),
    fullBox("stco", 0, 0, none),
  );
}

/** Track extends, 8.8.3: the movie has fragments. No defaults; fragments say everything. */
function trex(track: Track): Uint8Array {
  return fullBox(
    "trex",
    0,
    0,
    fields((out) => out.u32(track.id).u32(1).zeros(12)),
  );
}

/** Three letters of five bits (8.4.2). */
function packedLanguage(tag: string | undefined): number {
  const code = threeLetterLanguage(tag);
  const letter = (at: number): number => code.charCodeAt(at) - 0x60;
  return (letter(0) << 10) | (letter(1) << 5) | letter(2);
}
