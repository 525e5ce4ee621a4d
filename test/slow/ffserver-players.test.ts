/** One feed of an unchanged FFmpeg 3.1.3, and every format of ffserver that is served of it, in FFmpeg 5.1, VLC and curl, side by side. */
import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FfserverPlace } from "../support/ffserver-place.ts";
import { runOldFfmpeg, testWithOldFfmpeg } from "../support/old-ffmpeg.ts";
import { run, start } from "../support/program.ts";

const camera = ["-f", "lavfi", "-i", "testsrc=size=640x360:rate=25", "-f", "lavfi", "-i", "sine=sample_rate=44100"];

const sound = (codec: string, rate = 44_100): string => `
  AudioCodec ${codec}
  AudioBitRate 64
  AudioChannels 1
  AudioSampleRate ${rate}
`;
const modern = `${sound("aac")}
  VideoCodec libx264
  VideoSize 320x180
  VideoFrameRate 20
  VideoBitRate 300
  VideoGopSize 20
  AVOptionVideo preset ultrafast
  AVOptionVideo pixel_format yuv420p
  AVOptionVideo flags +global_header
`;
const classic = `${sound("libmp3lame")}
  VideoCodec mpeg4
  VideoSize 176x144
  VideoFrameRate 10
  VideoGopSize 10
`;
const web = `${sound("libvorbis")}
  VideoCodec libvpx
  VideoSize 320x180
  VideoFrameRate 20
  VideoBitRate 300
  VideoGopSize 20
  AVOptionVideo deadline realtime
  AVOptionVideo cpu-used 8
`;
const stills = `
  NoAudio
  VideoCodec mjpeg
  VideoSize 160x128
  VideoFrameRate 5
  VideoQMin 3
  VideoQMax 5
`;
/** What ffserver had for the format where the file says no more. */
const usual = "  VideoSize 176x144\n  VideoFrameRate 10\n";
const onlySound = (body: string): string => `${body}  NoVideo\n`;

/** Names, what the file says of them, and what comes of it. */
const formats: readonly (readonly [name: string, body: string, codecs: string])[] = [
  ["coast.flv", modern, "aac h264"],
  ["coast.ts", modern, "aac h264"],
  ["coast.mp4", modern, "aac h264"],
  ["coast.mkv", modern, "aac h264"],
  ["coast.webm", web, "vorbis vp8"],
  ["small.ts", classic, "mp3 mpeg4"],
  ["small.mkv", classic, "mp3 mpeg4"],
  ["small.avi", classic, "mp3 mpeg4"],
  ["voice.aac", onlySound(modern), "aac"],
  ["voice.mp3", onlySound(classic), "mp3"],
  ["vorbis.ogg", onlySound(sound("libvorbis")), "vorbis"],
  ["opus.ogg", onlySound(sound("libopus", 48_000)), "opus"],
  ["flac.ogg", onlySound(sound("flac")), "flac"],
  ["voice.wav", onlySound(sound("pcm_s16le")), "pcm_s16le"],
  ["coast.mjpg", stills, "mjpeg"],
  ["coast.asf", usual, "msmpeg4v3 wmav2"],
  ["coast.rm", usual, "ac3 rv10"],
  ["coast.swf", usual, "flv1 mp3"],
  ["coast.mpg", "  VideoSize 176x144\n  VideoFrameRate 25\n", "mp2 mpeg1video"],
];

const conf = `
MaxClients 100
MaxBandwidth 100000
<Feed coast.ffm>
  FileMaxSize 8M
  ACL allow 127.0.0.1
</Feed>
${formats.map(([name, body]) => `<Stream ${name}>\n  Feed coast.ffm\n${body}</Stream>\n`).join("")}
<Stream coast.jpg>
  Feed coast.ffm
${stills}  Format jpeg
</Stream>
`;

/** FFmpeg 5.1 tells the tracks of this one and gives no packets within fifteen seconds, why is not known; another stream in Flash it plays (transcode.test.ts). */
const notInFfmpeg: ReadonlySet<string> = new Set(["coast.swf"]);

interface Got {
  readonly codecs: string;
  /** Packets of the track that has the fewest. */
  readonly fewest: number;
}

/** What FFmpeg 5.1 plays of a URL in some seconds: it decodes all tracks. */
async function byFfmpeg(url: string): Promise<Got> {
  const input = ["-v", "error", "-nostdin", "-rw_timeout", "20000000", "-i", url];
  const outputs = ["-map", "0", "-c", "copy", "-flush_packets", "1", "-f", "framemd5", "-", "-map", "0", "-f", "null", "-"];
  const { stdout } = await start("ffmpeg", [...input, ...outputs], { signal: AbortSignal.timeout(15_000) }).finished;
  const text = stdout.toString("utf8");
  const codecs = [...text.matchAll(/^#codec_id \d+: (\w+)/gm)].map(([, codec]) => codec!);
  const packets = [...text.matchAll(/^(\d+),/gm)].map(([, index]) => Number(index));
  const counts = codecs.map((_, index) => packets.filter((each) => each === index).length);
  return { codecs: codecs.toSorted().join(" "), fewest: Math.min(...counts) };
}

/** What curl has got after five seconds, as ffprobe reads it. */
async function byCurl(place: FfserverPlace, name: string): Promise<Got> {
  const { stdout } = await start("curl", ["-sS", "--fail", "--max-time", "5", place.url(name)]).finished;
  const file = join(place.folder, name);
  await writeFile(file, stdout);
  return byFfprobe(file);
}

/** Codecs and packets of a file that may end anywhere. */
async function byFfprobe(file: string): Promise<Got> {
  const asked = ["-count_packets", "-show_entries", "stream=codec_name,nb_read_packets", "-of", "csv=p=0"];
  const { stdout } = await run("ffprobe", ["-v", "fatal", ...asked, file]);
  // Programs of MPEG-TS list their tracks once more.
  const tracks = new Map(
    stdout
      .toString("utf8")
      .trim()
      .split(/\s+/)
      .map((line) => line.split(",") as [string, string]),
  );
  return { codecs: [...tracks.keys()].toSorted().join(" "), fewest: Math.min(...[...tracks.values()].map(Number)) };
}

function vlc(place: FfserverPlace, sout: string, name: string): ReturnType<typeof start> {
  const args = ["-vv", "-I", "dummy", "--no-plugins-cache", "--play-and-exit", "--sout", sout, place.url(name), "vlc://quit"];
  return start("cvlc", args, { unprivileged: true, env: { HOME: place.folder } });
}

/**
 * Resolves when VLC has demuxed so many packets of each kind. It is not told how long to play (`--run-time`): it reads that off the clock of MP4,
 * which is the stream's, and has done with an older stream before it begins.
 */
async function byVlc(place: FfserverPlace, name: string, kinds: readonly string[]): Promise<void> {
  await using running = vlc(place, "#stats", name);
  const soon = AbortSignal.timeout(40_000);
  await Promise.all(kinds.map((kind) => running.said(new RegExp(`type:${kind} segment_number:${enough} `), soon)));
}

/** Packets of a track, of which Motion JPEG has five a second. */
const enough = 8;
const isSound = (codec: string): boolean => /^(aac|mp3|mp2|ac3|vorbis|opus|flac|wmav2|pcm_s16le)$/.test(codec);

testWithOldFfmpeg("FFmpeg 3.1.3 publishes every codec that the formats take; FFmpeg 5.1, VLC and curl play all of them", async () => {
  await using place = await FfserverPlace.open(conf, { "transcode.max": 16, "transcode.linger": "1s" });
  await chmod(place.folder, 0o777);
  const over = new AbortController();
  const encoder = runOldFfmpeg(["-re", ...camera, "-t", "400", place.url("coast.ffm")], { signal: over.signal }).catch(() => undefined);
  await place.server.hub.watch("coast.ffm", 20_000);
  const faults: string[] = [];
  const playEach = async ([name, , codecs]: (typeof formats)[number]): Promise<void> => {
    const kinds = [...new Set(codecs.split(" ").map((codec) => (isSound(codec) ? "Audio" : "Video")))];
    const check = async (player: string, got: Promise<Got>): Promise<void> => {
      const has = await got;
      if (has.codecs !== codecs || has.fewest < enough) faults.push(`${player}, ${name}: ${has.fewest} packets of ${has.codecs}`);
    };
    const ffmpeg = notInFfmpeg.has(name) ? [] : [check("FFmpeg", byFfmpeg(place.url(name)))];
    const playing = [...ffmpeg, check("curl", byCurl(place, name)), byVlc(place, name, kinds)];
    for (const played of await Promise.allSettled(playing)) if (played.status === "rejected") faults.push(`${name}: ${played.reason}`);
  };
  for (let at = 0; at < formats.length; at += 4) await Promise.all(formats.slice(at, at + 4).map(playEach));
  assert.deepEqual(faults, []);
  await stillPicture(place);
  await togetherInVlc(place);
  over.abort();
  await encoder;
});

/** `jpeg`: FFmpeg, curl and VLC have one picture. */
async function stillPicture(place: FfserverPlace): Promise<void> {
  const { stdout } = await run("curl", ["-sS", "--fail", place.url("coast.jpg")]);
  const file = join(place.folder, "coast.jpg");
  await writeFile(file, stdout);
  const one = { codecs: "mjpeg", fewest: 1 };
  assert.deepEqual([await byFfprobe(file), await byFfprobe(place.url("coast.jpg"))], [one, one]);
  await using running = vlc(place, "#stats", "coast.jpg");
  await running.said(/type:Video segment_number:1 /, AbortSignal.timeout(40_000));
}

/** Sound and pictures of MP4 that is joined late are at the same time in VLC, as it says by what it writes itself. */
async function togetherInVlc(place: FfserverPlace): Promise<void> {
  await using running = vlc(place, "#std{access=file,mux=ts,dst=-}", "coast.mp4");
  await running.said(/^[^]{150000}/, AbortSignal.timeout(40_000));
  const file = join(place.folder, "again.ts");
  await writeFile(file, running.stdout);
  const { stdout } = await run("ffprobe", ["-v", "fatal", "-show_entries", "stream=codec_type,start_time", "-of", "csv=p=0", file]);
  const begins = new Map(
    stdout
      .toString("utf8")
      .trim()
      .split(/\s+/)
      .map((line) => line.split(",") as [string, string]),
  );
  const apart = Math.abs(Number(begins.get("video")) - Number(begins.get("audio")));
  assert.ok(apart < 0.5, `VLC has sound and pictures of MP4 apart: ${JSON.stringify([...begins])}`);
}
