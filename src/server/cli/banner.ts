import { feedBlocks, type FeedFacts } from "./feed-banner.ts";
import type { Reachable } from "./reachable.ts";
import type { KeyFacts } from "./start-keys.ts";

/** Where a port is reached. */
export interface ReachablePort extends Reachable {
  readonly port: number;
  /** The URL for others, with a slash at its end; "" where the settings do not say. */
  readonly publicUrl: string;
  /** What every page's path begins with: `/`, or `/media/`. */
  readonly root?: string;
}

/** What the start banner tells of. */
export interface BannerFacts {
  readonly version: string;
  readonly rtmp?: ReachablePort;
  readonly http?: ReachablePort;
  /** The stream that the built-in clip is published as, where it is. */
  readonly demo?: string;
  /** Undefined where publishers need no key. */
  readonly keys?: KeyFacts | undefined;
  readonly colour: boolean;
  /** Undefined where there are none. */
  readonly feeds?: FeedFacts;
}

/** Shown in place of a key that is not to be shown. */
const keyPlaceholder = "KEY";

/** What a newcomer reads after the start: where to publish and with which key, what to open, and who may do what. */
export function banner(facts: BannerFacts): string {
  const paint = painter(facts.colour);
  const blocks = [
    [paint.bold(`Millrace ${facts.version} is running.`)],
    demoBlock(facts, paint),
    pageBlock(facts, paint),
    ...(facts.feeds?.feedsOnly === true ? [] : [publishBlock(facts, paint), playBlock(facts, paint)]),
    ...(facts.feeds && facts.http ? feedBlocks(facts.feeds, pageUrl(facts.http, ""), paint) : []),
    facts.feeds?.feedsOnly === true ? [] : openBlock(facts, paint),
    ["Ctrl+C ends it."],
  ];
  const text = blocks.filter((block) => block.length > 0).map((block) => block.join("\n"));
  return `\n${text.join("\n\n")}\n\n`;
}

type Painter = ReturnType<typeof painter>;

function painter(colour: boolean) {
  const sgr = (on: number) => (text: string) => (colour ? `\u001b[${on}m${text}\u001b[0m` : text);
  return { bold: sgr(1), url: sgr(36), warn: sgr(33), dim: sgr(2) };
}

function httpUrl(host: string, { port, root = "/" }: ReachablePort, path: string): string {
  return `http://${host}${port === 80 ? "" : `:${port}`}${root}${path}`;
}

function rtmpUrl(host: string, port: number, path: string): string {
  return `rtmp://${host}${port === 1935 ? "" : `:${port}`}/${path}`;
}

/** The URL of a page as it is best known. */
function pageUrl(http: ReachablePort, path: string): string {
  return http.publicUrl === "" ? httpUrl(http.local, http, path) : http.publicUrl + path;
}

/** The same for RTMP. */
function streamUrl({ publicUrl, local, port }: ReachablePort, path: string): string {
  return publicUrl === "" ? rtmpUrl(local, port, path) : publicUrl + path;
}

function demoBlock({ demo, http }: BannerFacts, paint: Painter): string[] {
  if (demo === undefined) return [];
  const lines = [`${paint.bold("A demo clip is on air")} as ${demo}.`];
  if (http) lines.push(`  Watch it     ${paint.url(pageUrl(http, `watch/${demo}`))}`);
  return lines;
}

function pageBlock({ http }: BannerFacts, paint: Painter): string[] {
  if (!http) return [];
  const lines = [paint.bold("Open in a browser")];
  if (http.publicUrl !== "") lines.push(`  Everybody    ${paint.url(http.publicUrl)}`);
  lines.push(`  This machine ${paint.url(httpUrl(http.local, http, ""))}`);
  if (http.lan !== undefined && http.lan !== http.local) lines.push(`  Your network ${paint.url(httpUrl(http.lan, http, ""))}`);
  return lines;
}

/** The stream that the text takes as its example: the one that the key is bound to, where it is. */
function exampleOf({ keys }: BannerFacts): string {
  return keys?.key?.stream ?? "live/cam";
}

function publishBlock(facts: BannerFacts, paint: Painter): string[] {
  const { rtmp, keys } = facts;
  if (!rtmp) return [];
  const stream = exampleOf(facts);
  const slash = stream.lastIndexOf("/");
  const app = slash < 0 ? "_definst_" : stream.slice(0, slash);
  const query = keys === undefined ? "" : `?key=${keys.key?.key ?? keyPlaceholder}`;
  const lines = [paint.bold("Publish with OBS") + ", Settings > Stream > Service: Custom"];
  lines.push(`  Server       ${paint.url(streamUrl(rtmp, app))}`);
  if (rtmp.publicUrl !== "") {
    lines.push(`               ${paint.url(rtmpUrl(rtmp.local, rtmp.port, app))} ${paint.dim("from this machine")}`);
  } else if (rtmp.lan !== undefined && rtmp.lan !== rtmp.local) {
    lines.push(`               ${paint.url(rtmpUrl(rtmp.lan, rtmp.port, app))} ${paint.dim("from another machine")}`);
  }
  lines.push(
    `  Stream Key   ${paint.url(stream.slice(slash + 1) + query)}`,
    "",
    paint.bold("Or publish a test picture with FFmpeg"),
    `  ${ffmpegLine(streamUrl(rtmp, stream) + query)}`,
  );
  if (keys) lines.push("", keys.note);
  return lines;
}

/** One line that needs no file: a moving picture and a tone, a key frame every two seconds. */
function ffmpegLine(url: string): string {
  const source = "-re -f lavfi -i testsrc2=size=1280x720:rate=30 -f lavfi -i sine=frequency=440";
  return `ffmpeg ${source} -c:v libx264 -preset veryfast -tune zerolatency -pix_fmt yuv420p -g 60 -c:a aac -f flv ${url.includes("?") ? `"${url}"` : url}`;
}

function playBlock(facts: BannerFacts, paint: Painter): string[] {
  const { rtmp, http } = facts;
  if (!rtmp || !http) return [];
  const exampleStream = exampleOf(facts);
  return [
    paint.bold("Then watch it"),
    `  Browser      ${paint.url(pageUrl(http, `watch/${exampleStream}`))}`,
    `  Any player   ${paint.url(streamUrl(rtmp, exampleStream))}`,
  ];
}

/** Who is kept out, and who is not. */
function openBlock(facts: BannerFacts, paint: Painter): string[] {
  const near = [facts.rtmp, facts.http].every((where) => where?.lan === undefined && (where?.publicUrl ?? "") === "");
  const who = near ? "Every program on this machine" : "Everybody who can reach this machine";
  if (facts.keys === undefined) return [paint.warn(`${who} can publish and watch: keys are switched off (--no-auth).`)];
  return [`${who} can watch; only who has the key can publish.`, ...facts.keys.warnings.map((text) => paint.warn(text))];
}
