import { z } from "zod";
import { feeds, outputs, redirects } from "./feed-settings.ts";
import { addressRange, basePath, publicUrl } from "./network-values.ts";
import { pluginList } from "./plugin-list.ts";
import { publishKey } from "./publish-key-value.ts";
import { duration, size } from "./quantity.ts";
import { recording } from "./recording-schema.ts";
import type { RenamedInput } from "./renamed.ts";
import { listenHost, listenPort, origin } from "./values.ts";
import { vodFolders } from "./vod-folders.ts";

const rtmp = z.strictObject({
  enabled: z.boolean().default(true).meta({ description: "Accept RTMP publishers and players." }),
  host: listenHost()
    .default("*")
    .meta({ description: 'Where RTMP listens: an address or a host name. `"*"` is every interface, IPv4 and IPv6.' }),
  port: listenPort().default(1935).meta({ description: "The port of RTMP; 0 takes any free one." }),
  publicUrl: publicUrl(["rtmp", "rtmps"], false).prefault("").meta({
    description:
      "Where others reach RTMP, for the URLs that are shown. Without it, the host of `http.publicUrl` or of the page, and our port.",
  }),
  maxConnections: z.int().min(1).max(1_000_000).default(20_000).meta({ description: "RTMP connections at once; more are closed." }),
  handshakeTimeout: duration("100ms", "1m").prefault("5s").meta({ description: "From the connection to the end of the RTMP handshake." }),
  setupTimeout: duration("100ms", "10m").prefault("8s").meta({ description: "From the connection to the first publish or play." }),
  pingAfter: duration("1s", "10m")
    .prefault("30s")
    .meta({ description: "A peer that has been silent for so long is pinged; twice that without a sign of life ends it." }),
  maxMessageSize: size("64KiB", "16MiB")
    .prefault("8MiB")
    .meta({ description: "The longest RTMP message (one coded frame) taken from a publisher." }),
});

const http = z.strictObject({
  enabled: z.boolean().default(true).meta({ description: "Serve the pages, the API, HTTP-FLV, HTTP-fMP4 and the WebSocket variants." }),
  host: listenHost().default("*").meta({ description: "Where HTTP and WebSocket listen, written like `rtmp.host`." }),
  port: listenPort().default(8080).meta({ description: "The port of HTTP and WebSocket; 0 takes any free one." }),
  basePath: basePath().prefault("/").meta({
    description:
      "The path that pages, API and streams are below, for a proxy that passes it on as it is, or an HTTP server of a program's own.",
  }),
  publicUrl: publicUrl(["https", "http"], true).prefault("").meta({
    description:
      "Where others reach the pages, for the URLs that are shown. Without it, what trusted proxies say, or the URL that was asked for.",
  }),
  allowedOrigins: z.array(origin()).min(1).meta({ form: "list of origins" }).default(["*"]).meta({
    description: "Web sites whose pages may play streams and read the API (CORS, and the Origin of WebSockets). `*` allows every site.",
  }),
  maxConnections: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(20_000)
    .meta({ description: "HTTP and WebSocket connections at once; more are closed." }),
  publishStallTimeout: duration("1s", "10m")
    .prefault("15s")
    .meta({ description: "A publisher over HTTP or WebSocket that has sent nothing for so long is ended." }),
  publishAhead: duration("0s", "1m").prefault("3s").meta({
    description:
      "How much earlier than due a publisher's media are taken over HTTP and WebSocket; what comes faster, a file's, is slowed down to its own pace.",
  }),
});

const hls = z.strictObject({
  enabled: z.boolean().default(true).meta({ description: "Serve streams as HLS. A stream costs more only while somebody asks for it." }),
  lowLatency: z.boolean().default(true).meta({ description: "Offer parts of segments as they come (LL-HLS). `false` leaves them out." }),
  segments: z
    .enum(["fmp4", "mpegts"])
    .default("fmp4")
    .meta({ description: "What segments are made of where a player does not ask: `?format=ts`, `?format=fmp4`. MPEG-TS has no parts." }),
  targetDuration: duration("1s", "10s").prefault("2s").meta({
    description: "How long segments are to be. They end at key frames; where these are further apart, segments are longer.",
  }),
  partDuration: duration("200ms", "500ms")
    .prefault("333ms")
    .meta({ description: "How long parts are to be: as many whole frames as come nearest. Players stay four of them behind." }),
  window: duration("6s", "10m")
    .prefault("30s")
    .meta({ description: "How much is listed in a playlist, and kept in memory twice as long." }),
});

const log = z.strictObject({
  level: z
    .enum(["trace", "debug", "info", "warn", "error", "silent"])
    .default("info")
    .meta({ description: "The least important message that is written." }),
  format: z
    .enum(["auto", "text", "json"])
    .default("auto")
    .meta({ description: "`text` for people, `json` one object a line; `auto` is text at a terminal and JSON elsewhere." }),
  access: z.string().max(4096).default("").meta({
    description: "A file to which a line is added for every HTTP request that is over, as ffserver wrote them; `-` is standard output.",
  }),
});

const streams = z.strictObject({
  gracePeriod: duration("0s", "1h")
    .prefault("10s")
    .meta({ description: "How long viewers are kept after a publisher was lost, so that it can come back and go on." }),
  graceAfterUnpublish: duration("0s", "1h").prefault("0s").meta({ description: "The same after a publisher that said it stops." }),
  silentAfter: duration("100ms", "1m")
    .prefault("2s")
    .meta({ description: "A publisher that has sent nothing for so long can be taken over at once by a newcomer of the same name." }),
  secondPublisher: z
    .enum(["refuse", "takeover"])
    .default("refuse")
    .meta({ description: "What happens to a newcomer while the publisher of that name is alive: it is refused, or it takes over." }),
  ringTime: duration("0s", "10m")
    .prefault("2s")
    .meta({ description: "How much of a stream is kept in memory besides its newest group of pictures." }),
  ringSize: size("1MiB", "4GiB")
    .prefault("64MiB")
    .meta({ description: "The most bytes of one stream kept in memory, whatever its key-frame distance." }),
  max: z.int().min(1).max(1_000_000).default(10_000).meta({ description: "Streams at once; further publishers are refused." }),
});

const viewers = z.strictObject({
  waitForPublisher: duration("0s", "10m")
    .prefault("10s")
    .meta({ description: "How long somebody who opens a stream that nobody publishes waits for its publisher." }),
  stallTimeout: duration("1s", "10m").prefault("30s").meta({ description: "A viewer that has taken nothing for so long is disconnected." }),
  extraWait: duration("0ms", "350ms").prefault("0ms").meta({
    description:
      "Collect media for so long before writing it to viewers: later by as much, and cheaper. 0ms writes with every video frame.",
  }),
  max: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(10_000)
    .meta({ description: "Viewers at once over all streams and protocols, those included that wait for a publisher; more are refused." }),
  maxReplays: z.int().min(0).max(1_000_000).default(200).meta({
    description:
      "Viewers at once who are shown the past (`?date=`, `?buffer=`, `?preroll=`), each with bytes of its own; more are refused.",
  }),
  maxBandwidth: z.int().min(0).max(10_000_000).default(0).meta({
    description: "Sum of the nominal bit rates of all viewers of `outputs`, in kbit/s; more viewers are refused. 0 is no limit.",
  }),
});

const hooks = z.strictObject({
  timeout: duration("100ms", "20s")
    .prefault("5s")
    .meta({ description: "How long it may take to decide about one publisher or viewer, all hooks together; then it is refused." }),
  maxPending: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(1000)
    .meta({ description: "Publishers and viewers at once about whom a decision is awaited; more are refused." }),
});

const transcode = z.strictObject({
  enabled: z.boolean().default(false).meta({
    description:
      "Have FFmpeg make what a viewer asks for and this server does not write (ASF, MPEG program streams, AVI, RealMedia, Flash, Theora), or has no codecs for.",
  }),
  ffmpeg: z
    .string()
    .regex(/^(?:[\w.+-]+|\/[^\0]+)$/, "must be the name of a program, or its path from the root")
    .default("ffmpeg")
    .meta({ description: "The program: a name, looked for in the system's usual folders, or a path." }),
  max: z.int().min(1).max(1000).default(4).meta({ description: "FFmpeg processes at once; whoever needs another is refused." }),
  startTimeout: duration("1s", "1m")
    .prefault("15s")
    .meta({ description: "An FFmpeg that has written nothing for so long is ended, and started again or given up." }),
  linger: duration("0s", "10m").prefault("10s").meta({ description: "How long it goes on when its last viewer has left." }),
  nice: z
    .int()
    .min(0)
    .max(19)
    .default(10)
    .meta({ description: "How far it stands back behind others for the processor, as `nice` counts." }),
});

const snapshots = z.strictObject({
  enabled: z.boolean().default(true).meta({
    description: "Have FFmpeg, where it is installed, make the pictures at `/APP/STREAM.jpg`; those of Motion JPEG need none.",
  }),
  max: z.int().min(1).max(100).default(2).meta({ description: "Such pictures made at once; others wait." }),
  timeout: duration("100ms", "1m").prefault("5s").meta({ description: "How long making one may take." }),
});

const clips = z.strictObject({
  maxDuration: duration("1s", "24h").prefault("10m").meta({ description: "The longest clip that the API cuts out of a stream." }),
  maxSize: size("1MiB", "4GiB")
    .prefault("256MiB")
    .meta({ description: "The most bytes of a clip; so many are in memory while it is made." }),
  max: z.int().min(1).max(100).default(2).meta({ description: "Clips made at once; more are refused." }),
});

/** Every setting: its type, default and meaning. docs/config.md shows the same; a test compares them. */
export const configSchema = z.strictObject({
  rtmp: rtmp.prefault({}),
  http: http.prefault({}),
  auth: z.boolean().default(true).meta({
    description:
      "Take only publishers with a key, or of whom a hook decides. `false` takes everybody that no hook refuses, and asks for no key.",
  }),
  publishKey: publishKey()
    .optional()
    .meta({ secret: true, description: "The key that publishes every stream. The program makes one in `data` where none is set." }),
  trustedProxies: z.array(addressRange()).max(1000).meta({ form: "list of addresses and ranges" }).default([]).meta({
    description:
      "Proxies before this server whose X-Forwarded-For, -Proto, -Host and -Prefix and whose PROXY headers are believed: addresses, ranges, `loopback`, `private`.",
  }),
  data: z
    .string()
    .min(1)
    .default("data")
    .meta({ description: "Directory for what the server keeps, relative to where it was started: the publish keys, the files of feeds." }),
  plugins: pluginList().default([]).meta({
    description:
      "What extends the server: files, relative to the settings' file or to where the server was started, or packages; each also as `{ module, options }`.",
  }),
  vod: vodFolders().default({}).meta({
    description: "Folders of media that are served at `/vod/NAME/PATH`, relative to where the server was started: `{ films: /srv/films }`.",
  }),
  hls: hls.prefault({}),
  log: log.prefault({}),
  streams: streams.prefault({}),
  viewers: viewers.prefault({}),
  hooks: hooks.prefault({}),
  recording: recording.prefault({}),
  transcode: transcode.prefault({}),
  snapshots: snapshots.prefault({}),
  clips: clips.prefault({}),
  shutdownTimeout: duration("0s", "10m").prefault("5s").meta({
    description: "How long publishers and viewers get to end by themselves when the server is told to end; then they are cut.",
  }),
  feeds: feeds().default({}).meta({
    description:
      "Streams that are kept in files (docs/feeds.md), or that encoders publish as to ffserver, by name: access lists, encodings asked for, programs to run (docs/ffserver.md).",
  }),
  feedsOnly: z.boolean().default(false).meta({
    description:
      "Only `feeds` are published, by whom their access lists allow, those without one from this machine only; no publish key is made or asked for.",
  }),
  outputs: outputs().default({}).meta({
    description:
      "What is served at exact addresses, one segment or more: a feed or a file in a format, or the status page (docs/ffserver.md).",
  }),
  redirects: redirects().default({}).meta({ description: "Exact addresses that lead elsewhere, each with its URL." }),
  launch: z.boolean().default(true).meta({ description: "Run the programs that feeds name in `launch`." }),
  demo: z.boolean().default(false).meta({ description: "Also publish a small built-in clip in a loop as `live/demo`." }),
});

/** Settings as they are written, in YAML or by a program; all are optional. A program passes its plug-ins themselves, not modules. */
export type ConfigInput = Omit<z.input<typeof configSchema>, "plugins"> & RenamedInput;

/** Settings complete with their defaults. Durations are milliseconds, sizes bytes. */
export type Config = z.output<typeof configSchema>;
