import assert from "node:assert/strict";
import { test } from "node:test";
import { isLoopback, isProxied, namePath, pageAddress, publishTarget, shownRoots, testPictureCommand, watchUrls } from "./stream-urls.ts";

test("a page knows the server's root and its stream, also below a proxy's path", () => {
  const cases: [location: string, base: string, root: string, name: string][] = [
    ["http://host:8080/", "http://host:8080/", "http://host:8080/", ""],
    ["http://host:8080/watch/live/cam", "http://host:8080/", "http://host:8080/", "live/cam"],
    ["http://host/tv/mill/embed/a/b%20c/d?muted", "http://host/tv/mill/", "http://host/tv/mill/", "a/b c/d"],
    ["https://host/tv/watch/live/cam/", "https://host/tv/", "https://host/tv/", "live/cam"],
    ["http://[::1]:8080/watch/m%C3%BChle", "http://[::1]:8080/", "http://[::1]:8080/", "mühle"],
    ["http://host/watch/100%", "http://host/", "http://host/", "100%"],
  ];
  for (const [location, base, root, name] of cases) {
    const address = pageAddress(location, base);
    assert.deepEqual([address.root.href, address.name], [root, name], location);
  }
  assert.equal(pageAddress("http://host/embed/a/b?muted#x", "http://host/").query, "?muted");
});

test("what a URL would read something else into is escaped in a name", () => {
  assert.equal(namePath("live/a b?c#d%/ü:x"), "live/a%20b%3Fc%23d%25/%C3%BC%3Ax");
});

const told = { rtmpPort: 1935, rtmpUrl: null, httpUrl: null };

test("the roots of URLs: where the page was opened, or where the server says it is", () => {
  const page = new URL("http://10.0.0.7:8080/");
  const cases: [page: URL, told: Partial<Parameters<typeof shownRoots>[1]>, web: string, rtmp: string | undefined][] = [
    [page, {}, page.href, "rtmp://10.0.0.7/"],
    [page, { rtmpPort: 1936 }, page.href, "rtmp://10.0.0.7:1936/"],
    [page, { rtmpPort: null, rtmpUrl: "rtmp://x/" }, page.href, undefined],
    [page, { httpUrl: "https://live.example.org/media/" }, "https://live.example.org/media/", "rtmp://live.example.org/"],
    [page, { rtmpUrl: "rtmps://in.example.org:1936/" }, page.href, "rtmps://in.example.org:1936/"],
    // A proxy that does not tell its prefix.
    [
      new URL("https://live.example.org/media/"),
      { httpUrl: "https://live.example.org/" },
      "https://live.example.org/media/",
      "rtmp://live.example.org/",
    ],
  ];
  for (const [opened, more, web, rtmp] of cases) {
    const roots = shownRoots(opened, { ...told, ...more });
    assert.deepEqual([roots.web.href, roots.rtmp], [web, rtmp], JSON.stringify(more));
  }
});

const containers = [
  { name: "flv", title: "FLV", extension: "flv", webSocket: true, players: { http: "VLC", webSocket: "" } },
  { name: "wav", title: "WAV", extension: "wav", webSocket: false, players: { http: "", webSocket: "" } },
];

test("HLS comes first, where it is on", () => {
  const { containers: shown } = watchUrls(shownRoots(new URL("http://host/tv/"), told), "live/a b", { containers, hls: true });
  assert.deepEqual([shown[0]?.label, shown[0]?.url, shown.length], ["HLS", "http://host/tv/live/a%20b.m3u8", 4]);
});

test("addresses to copy: plain, IPv6, https below a path", () => {
  const plain = watchUrls(shownRoots(new URL("http://host:8080/"), told), "live/cam", { containers, hls: false });
  assert.deepEqual([plain.rtmp, plain.page], ["rtmp://host/live/cam", "http://host:8080/watch/live/cam"]);
  assert.deepEqual(plain.containers, [
    { label: "HTTP-FLV", url: "http://host:8080/live/cam.flv", players: "VLC" },
    { label: "WS-FLV", url: "ws://host:8080/live/cam.flv", players: "" },
    { label: "HTTP-WAV", url: "http://host:8080/live/cam.wav", players: "" },
  ]);
  const six = watchUrls(shownRoots(new URL("http://[fd00::17]:8080/"), { ...told, rtmpPort: 1936 }), "live/cam", {
    containers,
    hls: false,
  });
  assert.equal(six.rtmp, "rtmp://[fd00::17]:1936/live/cam");
  assert.equal(six.containers[1]?.url, "ws://[fd00::17]:8080/live/cam.flv");
  const below = watchUrls({ web: new URL("https://host/tv/"), rtmp: undefined }, "live/cam", { containers, hls: false });
  assert.equal(below.rtmp, undefined);
  assert.equal(below.containers[1]?.url, "wss://host/tv/live/cam.flv");
  assert.equal(below.embed, "https://host/tv/embed/live/cam");
});

test("the embed code is safe to paste whatever the name", () => {
  const { embedCode } = watchUrls(shownRoots(new URL("http://host/"), told), `live/"><script>&`, { containers: [], hls: false });
  assert.match(embedCode, /^<iframe src="http:\/\/host\/embed\/live\/%22%3E%3Cscript%3E%26" title="live\/&quot;>&lt;script>&amp;" /);
  assert.equal(embedCode.match(/</g)?.length, 2);
});

test("what to type into an encoder", () => {
  assert.deepEqual(publishTarget("rtmp://host/", "live/cam", false), {
    server: "rtmp://host/live",
    key: "cam",
    url: "rtmp://host/live/cam",
  });
  assert.deepEqual(publishTarget("rtmp://host/", "live/cam", true), {
    server: "rtmp://host/live",
    key: "cam?key=KEY",
    url: "rtmp://host/live/cam?key=KEY",
  });
  assert.deepEqual(publishTarget("rtmp://host:2000/", "a/b/c d", false), {
    server: "rtmp://host:2000/a/b",
    key: "c%20d",
    url: "rtmp://host:2000/a/b/c%20d",
  });
  // A single segment still needs something where OBS wants a server; the server takes `_definst_` off.
  assert.deepEqual(publishTarget("rtmp://host/", "cam", false), { server: "rtmp://host/_definst_", key: "cam", url: "rtmp://host/cam" });
});

test("the command survives a shell", () => {
  assert.ok(testPictureCommand("rtmp://host/live/cam").endsWith(" -f flv rtmp://host/live/cam"));
  assert.ok(testPictureCommand("rtmp://[::1]/live/cam").endsWith(' -f flv "rtmp://[::1]/live/cam"'));
  assert.ok(testPictureCommand("rtmp://host/a/$(b)").endsWith(' -f flv "rtmp://host/a/\\$(b)"'));
});

test("loopback and proxies are told apart", () => {
  for (const host of ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"]) assert.ok(isLoopback(new URL(`http://${host}:8080/`)), host);
  assert.ok(!isLoopback(new URL("http://192.168.1.2:8080/")));
  assert.ok(!isProxied(new URL("http://192.168.1.2:8080/"), 8080));
  assert.ok(!isProxied(new URL("http://192.168.1.2/"), 80));
  assert.ok(isProxied(new URL("http://192.168.1.2/"), 8080));
  assert.ok(isProxied(new URL("https://host/"), 443));
  assert.ok(isProxied(new URL("http://host:8080/tv/"), 8080));
});
