/** Real programs publish over HTTP, in every container, and what they sent comes to viewers bit for bit. */
import assert from "node:assert/strict";
import { before, describe, it, type TestContext } from "node:test";
import { makeClip } from "../support/clip.ts";
import { packetsOf } from "../support/packets.ts";
import { run, start } from "../support/program.ts";
import { aacFrame, audioTolerance, compare } from "../interop/compare.ts";
import { type HttpPublisher, curl, ffmpeg5, ffmpeg8, gstreamer, icecast, written } from "../interop/http-publishers.ts";
import { Place, Way } from "../interop/place.ts";
import { Audience, curl as curlPlayer, ffmpeg5 as ffmpeg5Player, type Viewer, webSocket } from "../interop/players.ts";

const seconds = 4;
const name = "live/cam";
const allViewers: readonly Viewer[] = [
  { way: Way.rtmp, player: ffmpeg5Player },
  { way: Way.httpFlv, player: curlPlayer },
  { way: Way.wsMp4, player: webSocket() },
];

let clip: string;
let mp4: string;
let ts: string;

before(async () => {
  clip = await makeClip({ seconds });
  mp4 = `${clip}.published.mp4`;
  await run("ffmpeg", ["-v", "error", "-nostdin", "-y", "-i", clip, "-c", "copy", ...written.mp4, mp4]);
  ts = `${clip}.published.ts`;
  await run("ffmpeg", ["-v", "error", "-nostdin", "-y", "-i", clip, "-c", "copy", ...written.mpegts, ts]);
});

/** Lets viewers wait, publishes, and compares what each of them got. `lastsOn`: it does not say that it ends. */
async function published(
  t: TestContext,
  publisher: HttpPublisher,
  options: { file?: string; end?: string; lastsOn?: boolean; seenBy?: readonly Viewer[] } = {},
): Promise<void> {
  await using place = await Place.open();
  const { file = clip, end = "", lastsOn = false, seenBy: viewers = allViewers } = options;
  const expected = await publisher.sends(file, place);
  const audience = await Audience.gather(place, name, viewers);
  await using publishing = publisher.publish(file, `http://127.0.0.1:${place.httpPort}/${name}${end}`);
  await publishing.succeeded();
  for (const [i, got] of (await audience.got).entries()) {
    const { way, player } = viewers[i]!;
    // In MP4 audio counts samples, in FLV milliseconds.
    const tolerance = { audio: audioTolerance(way, aacFrame) + 1000, apart: publisher.apart ?? 0 };
    const { offset } = compare(expected, got, `${player.name} over ${way}`, tolerance);
    t.diagnostic(`${player.name} over ${way}: offset ${offset} µs`);
  }
  if (!lastsOn) assert.equal(place.server.stream(name).state, "offline");
}

describe("what programs publish over HTTP comes back bit for bit", { concurrency: 2 }, () => {
  for (const method of ["POST", "PUT"] as const) {
    for (const container of ["flv", "mpegts", "mp4", "cmaf", "mp4 with offsets of old", "matroska"] as const) {
      const publisher = ffmpeg5(container, method);
      it(publisher.name, (t) => published(t, publisher));
    }
  }
  it("FFmpeg 8.1, FLV", (t) => published(t, ffmpeg8("flv", { method: "PUT" })));
  it("FFmpeg 8.1, MPEG-TS", (t) => published(t, ffmpeg8("mpegts", { method: "POST" }), { end: ".ts" }));
  it("FFmpeg 8.1, fragmented MP4", (t) =>
    published(t, ffmpeg8("mp4", { method: "POST", movflags: "delay_moov+default_base_moof+frag_keyframe" }), { end: ".mp4" }));
  it("GStreamer, FLV by curlhttpsink", (t) => published(t, gstreamer("flvmux streamable=true", "curlhttpsink", "flv")));
  it("GStreamer, fragmented MP4 by curlhttpsink", (t) =>
    published(t, gstreamer("mp4mux streamable=true fragment-duration=500", "curlhttpsink", "mp4")));
  it("GStreamer, FLV by souphttpclientsink, a request for every buffer", (t) =>
    published(t, gstreamer("flvmux streamable=true", "souphttpclientsink", "flv"), { lastsOn: true }));
  it("GStreamer, Matroska by curlhttpsink", (t) => published(t, gstreamer("matroskamux streamable=true", "curlhttpsink", "mkv")));
  it("FFmpeg 8.1, Matroska", (t) => published(t, ffmpeg8("matroska", { method: "PUT" })));
  it(icecast.name, (t) => published(t, icecast, { lastsOn: true }));
  it("FFmpeg 5.1, VP9 and Opus in WebM", async (t) => {
    const file = await makeClip({ seconds, video: "vp9", audio: "opus", container: "webm" });
    await published(t, ffmpeg5("webm", "PUT"), { file, seenBy: [{ way: Way.wsMp4, player: webSocket() }] });
  });
  for (const [audio, container] of [
    ["aac", "adts"],
    ["mp3", "mp3"],
  ] as const) {
    it(`FFmpeg 5.1, ${container}: sound alone`, async (t) => {
      const file = await makeClip({ seconds, video: false, audio });
      await published(t, ffmpeg5(container, "POST"), { file, seenBy: allViewers.slice(1, 2) });
    });
  }
  it("curl -T of an FLV file, at its own pace", async (t) => {
    const started = performance.now();
    await published(
      t,
      curl("-T", (file) => ["-T", file]),
    );
    // What is taken ahead of its time is three seconds of the four.
    assert.ok(performance.now() - started > (seconds - 3) * 1000);
  });
  it("curl -T of an MPEG-TS file", (t) => published(t, { ...curl("-T", () => ["-T", ts]), sends: (file) => packetsOf(file) }));
  it("curl -T of an MP4 file that is not fragmented, its moov box in front", async (t) => {
    const file = `${clip}.faststart.mp4`;
    await run("ffmpeg", ["-v", "error", "-nostdin", "-y", "-i", clip, "-c", "copy", "-movflags", "+faststart", file]);
    await published(
      t,
      curl("-T", (path) => ["-T", path]),
      { file },
    );
  });
  it("curl --data-binary of an MP4 file: a form by its type", (t) =>
    published(
      t,
      curl("--data-binary", (file) => ["--data-binary", `@${file}`]),
      { file: mp4 },
    ));
});

describe("programs are told why they may not", () => {
  it("curl shows the words of every refusal, while it still sends", async () => {
    await using place = await Place.open({ auth: true, publishKey: "the-right-key" });
    const url = `http://127.0.0.1:${place.httpPort}/${name}`;
    const cases: readonly (readonly [args: readonly string[], status: number, words: RegExp])[] = [
      [["-T", clip, url], 401, /needs a key/],
      [["-T", clip, "-u", "me:wrong-key", url], 403, /not a valid publish key/],
      [["-T", clip, "-H", "Authorization: Bearer wrong-key", url], 403, /not a valid publish key/],
      [["-T", clip, `http://127.0.0.1:${place.httpPort}/live/a%00b?key=the-right-key`], 400, /control character/],
      [["-T", "/etc/passwd", `${url}?key=the-right-key`], 415, /no format that is known/],
      [["-T", clip, "-H", "Content-Type: video/mp4", `${url}?key=the-right-key`], 415, /the input is FLV, not MP4/],
      [["-T", clip, `${url}.mp4?key=the-right-key`], 415, /the input is FLV, not MP4/],
    ];
    for (const [args, status, words] of cases) {
      await using program = start("curl", ["-sS", "-w", "\n%{http_code}", ...args]);
      const { stdout } = await program.finished;
      assert.match(stdout.toString(), words, args.join(" "));
      assert.match(stdout.toString(), new RegExp(`\n${status}$`), args.join(" "));
    }
  });

  it("FFmpeg sends the password of the URL when it is asked for one", async () => {
    await using place = await Place.open({ auth: true, publishKey: "the-right-key" });
    const audience = await Audience.gather(place, name, allViewers.slice(1));
    const publisher = ffmpeg5("flv", "POST");
    await using publishing = publisher.publish(clip, `http://me:the-right-key@127.0.0.1:${place.httpPort}/${name}`);
    await publishing.succeeded();
    await audience.got;
  });

  it("FFmpeg is cut off soon where it has no key", async () => {
    await using place = await Place.open({ auth: true, publishKey: "the-right-key" });
    const long = await makeClip({ seconds: 8 });
    const started = performance.now();
    await using publishing = ffmpeg5("flv", "POST").publish(long, `http://127.0.0.1:${place.httpPort}/${name}`);
    const { stderr } = await publishing.finished;
    assert.match(stderr, /Broken pipe|Connection reset/);
    assert.ok(performance.now() - started < 6000);
  });
});
