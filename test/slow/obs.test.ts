/** OBS publishes, under a display that nobody sees; what it records of the same encoders is what viewers have to get. */
import assert from "node:assert/strict";
import { copyFile, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { playerVideo, playsOn } from "../interop/browser.ts";
import { aacFrame, audioTolerance, commonRun, compare } from "../interop/compare.ts";
import { Place, Way } from "../interop/place.ts";
import { Audience, ffmpeg5, ffmpeg8, rtmpdump, type Got, type Viewer, webSocket } from "../interop/players.ts";
import { launchChromium } from "../support/chromium.ts";
import { makeClip } from "../support/clip.ts";
import { packetsOf } from "../support/packets.ts";
import { start, type RunningProgram } from "../support/program.ts";

const viewers: readonly Viewer[] = [
  { way: Way.rtmp, player: ffmpeg5 },
  { way: Way.rtmp, player: rtmpdump },
  { way: Way.httpFlv, player: ffmpeg8 },
  { way: Way.wsFlv, player: webSocket() },
  { way: Way.httpMp4, player: ffmpeg5 },
  { way: Way.wsMp4, player: webSocket() },
];
const name = "live/obs";
/** Seconds that OBS publishes after viewers have seen it. */
const seconds = 8;
/** OBS counts the times of stream and recording from the first packet of each track, which need not be the same in both. */
const apart = 2 * aacFrame;

test("OBS publishes H.264 with B-frames and AAC: the same comes back over all five ways, and Chromium plays it", async (t) => {
  await using place = await Place.open({ viewers: { waitForPublisher: "2m" } });
  const audience = await Audience.gather(place, name, viewers);
  {
    await using screen = start("Xvfb", ["-displayfd", "1", "-screen", "0", "1280x720x24", "-nolisten", "tcp"], { stopSignal: "SIGTERM" });
    const display = await screen.said(/^(\d+)\n/, AbortSignal.timeout(20_000));
    await using obs = await startObs(place, `:${display[1]}`);
    await obs.said(/Streaming Start/, AbortSignal.timeout(60_000));
    await watchInChromium(place);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    obs.kill();
  }
  const recorded = await recording(place);
  for (const [i, got] of (await audience.got).entries()) {
    const { way, player } = viewers[i]!;
    const who = `${player.name} over ${way}`;
    const common = commonRun(recorded, got);
    const result = compare(common.sent, common.got, who, { audio: audioTolerance(way, aacFrame), apart });
    assert.ok(result.video > 25 * (seconds - 2), `${who}: only ${result.video} pictures in common`);
    t.diagnostic(`${who}: ${result.video} pictures, offset to the recording ${result.offset} µs, audio within ${result.audioError} µs`);
  }
});

async function watchInChromium(place: Place): Promise<void> {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage({ viewport: { width: 1000, height: 700 } });
    await page.goto(`http://127.0.0.1:${place.httpPort}/watch/${name}`);
    await playsOn(page, playerVideo, "obs");
  } finally {
    await browser.close();
  }
}

/** Starts OBS with a home of its own, a clip in its scene, streaming and recording. */
async function startObs(place: Place, display: string): Promise<RunningProgram> {
  const home = join(place.folder, "home");
  const folder = join(home, ".config/obs-studio");
  const profile = join(folder, "basic/profiles/Millrace");
  await mkdir(profile, { recursive: true });
  await mkdir(join(folder, "basic/scenes"), { recursive: true });
  const clip = join(place.folder, "clip.flv");
  await copyFile(await makeClip({ seconds: 4 }), clip);
  await writeFile(join(folder, "global.ini"), globalSettings);
  await writeFile(join(profile, "basic.ini"), profileSettings(place.folder));
  await writeFile(join(profile, "service.json"), JSON.stringify(service(place)));
  await writeFile(join(folder, "basic/scenes/Millrace.json"), JSON.stringify(scene(clip)));
  const args = [
    "--startstreaming",
    "--startrecording",
    "--minimize-to-tray",
    "--multi",
    "--profile",
    "Millrace",
    "--collection",
    "Millrace",
  ];
  const env = { HOME: home, XDG_CONFIG_HOME: join(home, ".config"), XDG_RUNTIME_DIR: home, DISPLAY: display };
  return start("obs", args, { env: { ...env, LIBGL_ALWAYS_SOFTWARE: "1", QT_QPA_PLATFORM: "xcb" }, cwd: place.folder });
}

async function recording(place: Place): Promise<Got[]> {
  const file = (await readdir(place.folder)).find((each) => each.startsWith("recorded"));
  assert.ok(file !== undefined, "OBS recorded nothing");
  const packets = await packetsOf(join(place.folder, file));
  const isReordered = packets.some(({ kind, ptsMicros, dtsMicros }) => kind === "video" && ptsMicros !== dtsMicros);
  assert.ok(isReordered, "OBS made B-frames");
  return packets;
}

/** No first-run wizard, no questions. */
const globalSettings = `[General]
FirstRun=true
EnableAutoUpdates=false
ConfirmOnExit=false
Pre19Defaults=false
Pre21Defaults=false
Pre23Defaults=false
Pre24.1Defaults=false

[Basic]
Profile=Millrace
ProfileDir=Millrace
SceneCollection=Millrace
SceneCollectionFile=Millrace
`;

/** The recording takes the packets of the stream's encoders. At 25 pictures a second their times are whole milliseconds in both. */
function profileSettings(folder: string): string {
  return `[General]
Name=Millrace

[Output]
Mode=Simple
Reconnect=false
FilenameFormatting=recorded

[SimpleOutput]
VBitrate=800
ABitrate=128
StreamEncoder=x264
UseAdvanced=true
Preset=veryfast
x264Settings=keyint=60 bframes=2
RecQuality=Stream
RecFormat=flv
FilePath=${folder}

[Video]
BaseCX=640
BaseCY=360
OutputCX=640
OutputCY=360
FPSType=1
FPSInt=25

[Audio]
SampleRate=48000
ChannelSetup=Stereo
`;
}

function service(place: Place): object {
  return { type: "rtmp_custom", settings: { server: place.rtmp("live"), key: "obs", use_auth: false } };
}

function scene(clip: string): object {
  const source = { id: "ffmpeg_source", name: "Clip", mixers: 255, enabled: true, volume: 1 };
  const item = { name: "Clip", id: 1, visible: true, pos: { x: 0, y: 0 }, scale: { x: 2, y: 2 }, align: 5 };
  return {
    name: "Millrace",
    current_scene: "Scene",
    current_program_scene: "Scene",
    scene_order: [{ name: "Scene" }],
    sources: [
      { ...source, versioned_id: source.id, settings: { local_file: clip, is_local_file: true, looping: true, hw_decode: false } },
      { id: "scene", versioned_id: "scene", name: "Scene", enabled: true, settings: { id_counter: 1, custom_size: false, items: [item] } },
    ],
  };
}
