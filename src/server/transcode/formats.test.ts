import assert from "node:assert/strict";
import { test } from "node:test";
import { formatNamed } from "../ffserver/format.ts";
import { audioArguments, isAudioEncoder, isVideoEncoder, videoArguments } from "./encodings.ts";
import { servedAs, transcodeFormatOfPath, transcodeFormats } from "./formats.ts";

test("every format of ffserver's is served by a container of ours, as a picture, or by FFmpeg", () => {
  const by = (name: string, hasVideo = true): string => {
    const served = servedAs(name, hasVideo);
    return served === undefined
      ? "not"
      : `${served.by} ${served.by === "container" ? served.name : served.by === "transcode" ? served.format.name : ""}`.trim();
  };
  for (const name of ["asf_stream", "rm", "swf", "avi", "vob", "dvd", "vcd", "svcd", "mpeg", "mpeg1video", "mpeg2video"]) {
    assert.ok(by(name).startsWith("transcode"), name);
  }
  for (const name of ["flv", "mpegts", "matroska", "webm", "mp4", "adts", "mp3", "mp2", "wav", "mjpeg", "mpjpeg"]) {
    assert.ok(by(name).startsWith("container"), name);
  }
  assert.deepEqual([by("ogg"), by("ogg", false)], ["transcode ogv", "container ogg"]);
  assert.deepEqual([by("jpeg"), by("singlejpeg"), by("rtp"), by("ffm"), by("constructor")], ["snapshot", "snapshot", "not", "not", "not"]);
});

test("what ffserver encoded for a format by default can be encoded", () => {
  for (const { name } of transcodeFormats) {
    const { video, audio } = formatNamed(name === "asf" ? "asf_stream" : name) ?? {};
    assert.ok(video === undefined || isVideoEncoder(video), `${name}: ${video}`);
    assert.ok(audio === undefined || isAudioEncoder(audio), `${name}: ${audio}`);
  }
  assert.equal(isVideoEncoder("toString"), false);
});

test("a path leads to the format it ends in", () => {
  assert.deepEqual(transcodeFormatOfPath("/live/cam.wmv")?.format.name, "asf");
  assert.equal(transcodeFormatOfPath("/live/cam.wmv")?.stem, "/live/cam");
  for (const path of ["/live/cam", "/live/asf", "/live/cam.ASF", "/live/cam."]) assert.equal(transcodeFormatOfPath(path), undefined, path);
});

test("arguments are words of the tables, and numbers within bounds", () => {
  const said = videoArguments({ codec: "mpeg1video", bitRate: 1e12, width: 321, height: -5, frameRate: 12.5, gop: NaN }, undefined);
  assert.deepEqual(said.slice(2), [
    "-c:v",
    "mpeg1video",
    "-r",
    "24",
    "-g",
    "1",
    "-bf",
    "0",
    "-vf",
    "scale=320:2",
    "-pix_fmt",
    "yuv420p",
    "-b:v",
    "100000000",
  ]);
  assert.deepEqual(videoArguments({ codec: "rv10" }, { width: 320, height: 180, frameRate: 0 }).slice(4, 12), [
    ...["-r", "25", "-g", "50", "-bf", "0", "-vf", "scale=trunc(iw/16)*16:trunc(ih/16)*16"],
  ]);
  assert.deepEqual(videoArguments({ codec: "copy" }, undefined), ["-map", "0:v:0?", "-c:v", "copy"]);
  assert.deepEqual(audioArguments({ codec: "mp3", sampleRate: 1, channels: 100, bitRate: 0 }).slice(4), [
    "-ar",
    "8000",
    "-ac",
    "8",
    "-b:a",
    "1000",
  ]);
  assert.deepEqual([videoArguments(undefined, undefined), audioArguments(undefined)], [["-vn"], ["-an"]]);
});
