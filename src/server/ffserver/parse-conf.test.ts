import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { describeProblem } from "../config/problem.ts";
import type { ConfStream, FfserverConf } from "./conf-model.ts";
import { parseFfserverConf } from "./parse-conf.ts";
import type { PresetReader } from "./preset.ts";

const example = readFileSync(new URL("../../../test/fixtures/ffserver.conf", import.meta.url), "utf8");

/** Two presets, of the one behind the codec's name. */
const presets: PresetReader = (names) => {
  const files: Readonly<Record<string, string>> = {
    "voice.ffpreset": "# for speech\nacodec=libvorbis\nb=48000\nar=32000\n\nac=1\nvcodec=mpeg4\n",
    "field.ffpreset": "vcodec=mpeg4\nb=90000\nflags=+mv4\nflags=+aic\n",
    "broken.ffpreset": "b 1\n",
    "subs.ffpreset": "scodec=ass\n",
  };
  const name = names.find((each) => Object.hasOwn(files, each));
  return name === undefined ? undefined : { path: `/presets/${name}`, text: files[name]! };
};

interface Read {
  readonly conf: FfserverConf;
  readonly errors: string[];
  readonly warnings: string[];
}

function read(text: string): Read {
  const { conf, notes } = parseFfserverConf(text, "f.conf", { presets });
  return { conf, errors: notes.errors.map(describeProblem), warnings: notes.warnings.map(describeProblem) };
}

function options(stream: ConfStream | undefined, kind: "audio" | "video"): string {
  const { options: list } = stream!.encodings.find(({ codec }) => codec.kind === kind)!;
  return [...list].map(([name, value]) => `${name}=${value}`).join(",");
}

const whole = read(example);
const stream = (name: string): ConfStream => whole.conf.streams.find((each) => each.name === name)!;

test("a configuration with every directive is read without a mistake", () => {
  assert.deepEqual(whole.errors, []);
  const { conf } = whole;
  assert.deepEqual(conf.http, { port: 8090, host: "127.0.0.1" });
  assert.deepEqual(conf.rtsp, { port: 5454, host: "127.0.0.1" });
  assert.deepEqual([conf.maxHttpConnections, conf.maxClients, conf.maxBandwidth, conf.customLog], [3000, 2500, 20_000, "-"]);
  assert.deepEqual(conf.feeds, [
    {
      name: "roof.ffm",
      line: 14,
      file: "/var/spool/cams/roof ring.ffm",
      hasFile: true,
      readOnly: false,
      maxSize: 1_572_864,
      truncate: true,
      launch: ["ffmpeg", "-f", "v4l2", "-i", "/dev/video0", "-f", "alsa", "-i", "hw:1 0"],
      acl: [
        { action: "allow", first: "127.0.0.1", last: "127.0.0.1" },
        { action: "allow", first: "10.20.0.0", last: "10.20.255.255" },
      ],
    },
    {
      name: "yard.ffm",
      line: 23,
      file: "/srv/yard.ffm",
      hasFile: true,
      readOnly: true,
      maxSize: 200 * 1024 ** 2,
      truncate: false,
      launch: [],
      acl: [],
    },
  ]);
  assert.deepEqual(conf.redirects, [{ name: "index.html", line: 156, url: "http://user:secret@cams.example.org/" }]);
});

test("what a stream says of itself", () => {
  const flv = stream("roof.flv");
  assert.deepEqual(flv.source, { kind: "feed", feed: "roof.ffm" });
  assert.deepEqual(
    [flv.format, flv.preroll, flv.startSendOnKey, flv.maxTime, flv.dynamicAcl],
    ["flv", 15, true, 3600.5, "/etc/cams/viewers.acl"],
  );
  assert.deepEqual(Object.fromEntries(flv.metadata), { title: "Roof, looking north", author: "The station" });
  assert.deepEqual(flv.acl, [{ action: "deny", first: "192.0.2.7", last: "192.0.2.7" }]);
  assert.deepEqual(Object.fromEntries(stream("voice.ogg").metadata), {
    author: "Station",
    comment: "at noon",
    copyright: "nobody",
    title: "Voice",
  });
  assert.deepEqual(stream("archive.asf").source, { kind: "file", path: "/srv/archive.avi", inputFormat: "avi" });
  assert.deepEqual([stream("archive.asf").format, stream("archive.asf").encodings], ["asf_stream", []]);
  assert.deepEqual(stream("stat.html").source, { kind: "status", faviconUrl: "http://cams.example.org/favicon.ico" });
  assert.deepEqual(stream("field").multicast, { host: "224.124.0.1", port: 5000, ttl: 8 });
  assert.deepEqual([stream("field").loop, stream("archive.asf").loop], [true, false]);
  assert.deepEqual(
    [stream("roof.jpg").format, stream("roof.jpg").singleFrame, stream("roof.mjpg").singleFrame],
    ["singlejpeg", true, false],
  );
  assert.deepEqual([stream("roof-small.avi").format, stream("roof-small.avi").bitExact], ["avi", true]);
  assert.deepEqual(stream("relay.ffm").encodings, []);
});

test("codec directives become options of libavcodec", () => {
  const flv = stream("roof.flv");
  assert.deepEqual(
    flv.encodings.map(({ codec }) => [codec.name, codec.id]),
    [
      ["aac", 0x1_5002],
      ["h264", 28],
    ],
  );
  assert.equal(options(flv, "audio"), "b=96500,ac=2,ar=44100,flags=+global_header,strict=-2");
  assert.equal(
    options(flv, "video"),
    "b=800000,bt=100000,minrate=400000,maxrate=1200000,bufsize=327680,time_base=1/25,video_size=640x360,g=50,pixel_format=yuv420p," +
      "qmin=3,qmax=31,qdiff=4,preset=ultrafast,flags=+global_header,rc_eq=tex^qComp",
  );
  const { bitRate, width, height, timeBase, gop } = flv.encodings[1]!;
  assert.deepEqual([bitRate, width, height, timeBase, gop], [800_000, 640, 360, "1/25", 50]);
  // XVID as one number, its first character the lowest byte.
  assert.match(
    options(stream("roof-small.avi"), "video"),
    /^time_base=10\/125,video_size=176x144,mbd=\+bits,flags=\+mv4\+bitexact,codec_tag=1145656920,lumi_mask=0.05,dark_mask=0.1,dct=fastint,idct=simple,b=64000,bt=16000,/,
  );
  assert.equal(
    options(stream("roof.mjpg"), "video"),
    "time_base=1/2,g=1,video_size=320x240,flags=+qscale,global_quality=354,strict=-1,debug=0",
  );
  assert.equal(options(stream("voice.ogg"), "audio"), "b=48000,ar=32000,ac=1");
  assert.match(options(stream("field"), "video"), /^b=90000,flags=\+mv4\+aic,mbd=\+bits,video_size=176x144/);
});

test("what a stream leaves out gets ffserver's values, with a warning, or is a mistake under NoDefaults", () => {
  const section = (lines: string, name = "a.mpg"): string =>
    `HTTPPort 1234\n<Feed f>\n</Feed>\n<Stream ${name}>\nFeed f\n${lines}\n</Stream>\n`;
  const { conf, warnings } = read(section(""));
  assert.deepEqual(
    conf.streams[0]!.encodings.map(({ codec }) => codec.name),
    ["mp2", "mpeg1video"],
  );
  assert.equal(options(conf.streams[0], "audio"), "b=64000,ar=22050,ac=1");
  assert.equal(
    options(conf.streams[0], "video"),
    "b=64000,time_base=1/5,video_size=160x128,bt=16000,rc_eq=tex^qComp,maxrate=128000,bufsize=128000",
  );
  assert.match(warnings.join(), /f\.conf:7: audio of this stream gets default values: b=64000, ar=22050, ac=1\. Use NoDefaults/);
  // The example of a header that ffserver wrote.
  const known = read(section("VideoFrameRate 25\nVideoSize 160x128\nVideoBitRate 200\nVideoGopSize 12"));
  assert.equal(
    options(known.conf.streams[0], "video"),
    "time_base=1/25,video_size=160x128,b=200000,g=12,bt=50000,rc_eq=tex^qComp,maxrate=400000,bufsize=400000",
  );
  assert.deepEqual(read(section("NoDefaults")).errors, [
    "f.conf:7: audio bit rate is not set",
    "f.conf:7: audio sample rate is not set",
    "f.conf:7: video size is not set",
  ]);
  assert.deepEqual(read(`NoDefaults\n${section("")}`).errors.length, 3);
  assert.deepEqual(read(`NoDefaults\n${section("UseDefaults")}`).errors, []);
  assert.deepEqual(read(section("NoDefaults\nNoAudio\nVideoSize vga")).errors, []);
  assert.match(read(section("UseDefaults\nNoDefaults\nNoAudio\nNoVideo")).warnings.join(), /Multiple UseDefaults/);
});

test("keywords in any case, in any spacing, with the ends of lines of Windows", () => {
  const { conf, errors } = read(
    "\thttpPORT 0x50\r\n  maxclients\t012 \r\n<FEED 'a b.ffm'>\r\n</feed>\r\n<stream x.flv>\r\nFEED 'a b.ffm'\r\n</STREAM>",
  );
  assert.deepEqual(errors, []);
  assert.deepEqual([conf.http.port, conf.maxClients, conf.feeds[0]?.name, conf.feeds[0]?.file], [80, 10, "a b.ffm", "/tmp/a b.ffm.ffm"]);
});

test("defaults of a file that says nothing", () => {
  const { conf, errors, warnings } = read("");
  assert.deepEqual(errors, []);
  assert.deepEqual(conf, {
    http: { port: undefined, host: "0.0.0.0" },
    rtsp: { port: undefined, host: "0.0.0.0" },
    maxHttpConnections: 2000,
    maxClients: 5,
    maxBandwidth: 1000,
    customLog: undefined,
    feeds: [],
    streams: [],
    redirects: [],
  });
  assert.deepEqual(warnings, ["f.conf: there is no HTTPPort: nothing is served"]);
});

/** Lines at the top, in a feed, in a stream of that feed, in a redirect. */
const places = {
  top: (line: string) => `${line}\n`,
  feed: (line: string) => `<Feed f>\n${line}\n</Feed>\n`,
  stream: (line: string) => `<Feed f>\n</Feed>\n<Stream s.avi>\nFeed f\n${line}\n</Stream>\n`,
  redirect: (line: string) => `<Redirect r>\n${line}\n</Redirect>\n`,
} as const;

/** Mistakes: where, the line, the words that tell it. */
const mistakes: readonly (readonly [keyof typeof places, string, string])[] = [
  ["top", "HTTPPort 0", "1: Invalid port: 0"],
  ["top", "HTTPPort 65536", "1: Invalid port: 65536"],
  ["top", "Port 80a", "1: Invalid port: 80a"],
  ["top", "RTSPPort x", "1: Invalid port: x"],
  ["top", "HTTPBindAddress ::1", "1: Invalid host/IP address: '::1'"],
  ["top", "RTSPBindAddress 1.2.3.400", "1: Invalid host/IP address: '1.2.3.400'"],
  ["top", "MaxHTTPConnections -1", "1: Invalid MaxHTTPConnections: '-1'"],
  ["top", "MaxHTTPConnections 4", "1: Inconsistent configuration: MaxClients(5) > MaxHTTPConnections(4)"],
  ["top", "MaxClients 2001", "1: Inconsistent configuration: MaxClients(2001) > MaxHTTPConnections(2000)"],
  ["top", "MaxBandwidth 9", "1: Invalid MaxBandwidth: '9'"],
  ["top", "MaxBandwidth 0x100", "1: Invalid MaxBandwidth: '0x100'"],
  ["top", "CustomLog", "1: CustomLog without a file"],
  ["top", "LoadModule x.so", "1: Loadable modules are no longer supported"],
  ["top", "VideoSize 1x1", "1: Incorrect keyword: 'VideoSize'"],
  ["top", "</Feed>", "1: Incorrect keyword: '</Feed>'"],
  ["top", "<Feed>", "1: Incorrect keyword: '<Feed>'"],
  ["top", "<Stream a>", " Missing closing </Stream> tag"],
  ["feed", "FileMaxSize 0", "2: Invalid file size: '0'; a unit belongs to it: 200M"],
  ["feed", "FileMaxSize M", "2: Invalid file size: 'M'; a unit belongs to it: 200M"],
  ["feed", "FileMaxSize 1e30G", "2: Invalid file size: '1e30G'; a unit belongs to it: 200M"],
  ["feed", "FileMaxSize 15K", "2: Feed max file size is too small. Must be at least 16384."],
  ["feed", "File", "2: a file's path is missing"],
  ["feed", "Launch", "2: Launch without a program"],
  ["feed", `Launch ${"x ".repeat(63)}`, "2: Launch of 63 words, where ffserver took 62"],
  ["feed", "ACL maybe 1.2.3.4", "2: ACL action 'maybe' should be ALLOW or DENY."],
  ["feed", "ACL allow 1.2.3", "2: ACL refers to invalid host or IP address '1.2.3'"],
  ["feed", "Feed f", "2: Invalid entry 'Feed' inside <Feed></Feed>"],
  ["feed", "<Stream s>", "2: Already in a tag"],
  ["feed", "</Stream>", "2: Invalid entry '</Stream>' inside <Feed></Feed>"],
  ["stream", "Feed g", "5: Feed with name 'g' for stream 's.avi' is not defined"],
  ["stream", "Format gibberish", "5: Unknown Format: 'gibberish'"],
  ["stream", "FaviconURL x", "5: FaviconURL only permitted for status streams"],
  ["stream", "AudioCodec nothing", "5: Invalid codec name: 'nothing'"],
  ["stream", "VideoCodec h264", "5: Invalid codec name: 'h264'; encoders have names of their own: libx264, libx264rgb, libopenh264"],
  ["stream", "VideoCodec mp2", "5: Invalid codec name: 'mp2'"],
  [
    "stream",
    "VideoCodec mpeg4\nAVOptionVideo libx264:preset fast",
    "6: Inconsistent configuration: trying to set 'libx264' codec option, but 'mpeg4' codec is used previously",
  ],
  ["stream", "AudioBitRate x", "5: Invalid AudioBitRate: 'x'"],
  ["stream", "VideoBitRate 1.5", "5: Invalid VideoBitRate: '1.5'"],
  ["stream", "VideoBitRate 2147484", "5: Invalid VideoBitRate: '2147484'"],
  ["stream", "VideoBufferSize 9999999", "5: Invalid VideoBufferSize: '9999999'"],
  ["stream", "VideoBitRateRange 100", "5: Incorrect format for VideoBitRateRange. It should be <min>-<max>: '100'."],
  ["stream", "VideoBitRateRange a-b", "5: Invalid VideoBitRateRange: 'a-b'"],
  ["stream", "VideoSize 0x0", "5: Invalid video size '0x0'"],
  ["stream", "VideoSize huge", "5: Invalid video size 'huge'"],
  ["stream", "VideoFrameRate 0", "5: Invalid value for option time_base (1/0)"],
  ["stream", "VideoFrameRate 1/0", "5: Invalid value for option time_base (1/1/0)"],
  ["stream", "VideoGopSize often", "5: Invalid value for option g (often)"],
  ["stream", "LumiMask x", "5: Invalid value for option lumi_mask (x)"],
  ["stream", "PixelFormat a-b", "5: Unknown pixel format: 'a-b'"],
  ["stream", "Qscale x", "5: Invalid Qscale: 'x'"],
  ["stream", "Strict", "5: Invalid value for option strict: there is none"],
  ["stream", "AVOptionVideo g", "5: Invalid value for option g: there is none"],
  ["stream", "AVOptionVideo a/b 1", "5: Option not found: 'a/b'"],
  ["stream", "VideoGopSize 12\nVideoIntraOnly", "6: Redeclaring value of option 'g'. Previous value was: '12'."],
  ["stream", "AVOptionVideo flags +mv4\nAVOptionVideo flags 5", "6: Redeclaring value of option 'flags'. Previous value was: '+mv4'."],
  ["stream", "AVPresetVideo nowhere", "5: File for preset 'nowhere' not found"],
  ["stream", "AVPresetVideo ../../etc/passwd", "5: File for preset '../../etc/passwd' not found"],
  ["stream", "AVPresetVideo broken", "5: /presets/broken.ffpreset: Invalid syntax: 'b 1'"],
  ["stream", "AVPresetVideo subs", "5: Subtitles preset found."],
  ["stream", "Metadata", "5: Metadata without a name"],
  ["stream", "DynamicACL", "5: DynamicACL without a file"],
  ["stream", "MulticastAddress a/b", "5: Invalid host/IP address: 'a/b'"],
  ["stream", "MulticastPort 0", "5: Invalid MulticastPort: '0'"],
  ["stream", "MulticastTTL x", "5: Invalid MulticastTTL: 'x'"],
  ["stream", "Launch ffmpeg", "5: Invalid entry 'Launch' inside <Stream></Stream>"],
  ["redirect", "File x", "2: Invalid entry 'File' inside <Redirect></Redirect>"],
  ["redirect", "# nothing", "3: No URL found for <Redirect>"],
];

for (const [place, line, words] of mistakes) {
  test(`in ${place}: ${line.slice(0, 60).replaceAll("\n", "; ")}`, () => {
    const { errors } = read(places[place](line));
    assert.deepEqual(errors.slice(0, 1), [`f.conf:${words}`]);
  });
}

test("names that are taken", () => {
  assert.deepEqual(
    read("<Feed a>\n</Feed>\n<Feed a>\n</Feed>\n<Stream a>\n</Stream>\n<Stream b>\n</Stream>\n<Stream b>\n</Stream>").errors,
    ["f.conf:3: Feed 'a' already registered", "f.conf:5: Stream 'a' already registered", "f.conf:9: Stream 'b' already registered"],
  );
});

test("a feed that would need more encodings than FFM has room for is refused", () => {
  const streams = Array.from({ length: 33 }, (_, i) => `<Stream s${i}.mp2>\nFeed f\nAudioBitRate ${i + 32}\n</Stream>`).join("\n");
  assert.deepEqual(read(`<Feed f>\n</Feed>\n${streams}`).errors, ["f.conf:1: Feed 'f' needs 33 encodings, where FFM has room for 32"]);
});

test("what is old, or has no effect, is warned of", () => {
  for (const [line, words] of [
    ["Port 8090", "1: Port option is deprecated. Use HTTPPort instead."],
    ["BindAddress 0.0.0.0", "1: BindAddress option is deprecated. Use HTTPBindAddress instead."],
    ["HTTPPort 80", "1: Trying to use IETF assigned system port: '80'"],
    ["NoDaemon", "1: NoDaemon option has no effect. You should remove it."],
    ["RTSPPort 5454", "1: RTSP is not served: this is read, and has no effect."],
    [places.feed("Truncate 0"), "2: Truncate N syntax in configuration file is deprecated. Use Truncate alone with no arguments."],
    [places.stream("Title x"), "5: Deprecated 'title' option in configuration file. Use 'Metadata title VALUE' instead."],
    [places.stream("VideoSize 161x121"), "5: Image size is not a multiple of 2"],
    [places.stream("VideoTag ABC"), "5: VideoTag 'ABC' is ignored: it has four characters"],
    [places.stream("Preroll soon"), "5: Preroll 'soon' is no number of seconds"],
    [places.stream("MulticastPort 5000"), "5: RTSP and multicast are not served: this is read, and has no effect."],
    [places.stream("Format rtp"), "6: RTSP and multicast are not served: this stream has no effect."],
    ["<Stream x.flv>\n</Stream>", "2: Stream 'x.flv' has neither Feed nor File"],
  ] as const) {
    const { warnings, errors } = read(line);
    assert.deepEqual(errors, []);
    assert.ok(warnings.includes(`f.conf:${words}`), `${line}: ${warnings.join("; ")}`);
  }
});

test("a file of ten megabytes is read in bounded time and tells some of its mistakes", () => {
  const started = performance.now();
  const { errors } = read("Nonsense is what this line says\n".repeat(330_000));
  assert.equal(errors.length, 51);
  assert.ok(read(`<Stream a>\n${"Metadata k v\n".repeat(700_000)}`).errors.length > 0);
  assert.ok(read("<Feed a>\n</Feed>\n".repeat(500_000)).errors.length > 0);
  assert.ok(performance.now() - started < 20_000);
});

test("whatever stands in a file, it is read or its mistakes are told", () => {
  const keywords = example.match(/^\s*[<\w/>]+/gm)!.map((word) => word.trim());
  const value = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom("f>", "1", "-1", "1/0", "a:b", "10.0.0.1", "flv", "f", "+x", "0x7fffffff"),
  );
  const line = fc
    .tuple(fc.constantFrom(...keywords, "junk"), fc.array(value, { maxLength: 3 }))
    .map(([keyword, values]) => [keyword, ...values].join(" "));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
      const { conf, errors } = read(lines.join("\n"));
      for (const each of errors) assert.match(each, /^f\.conf(:\d+)?: ./s);
      assert.ok(conf.feeds.every(({ maxSize }) => maxSize >= 16_384));
    }),
    { numRuns: 500 },
  );
});
