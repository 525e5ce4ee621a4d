/** The examples for web frameworks, each with the package installed: the framework's pages and our streams on one port. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { WebSocket } from "ws";
import { playerVideo, playsOn } from "../interop/browser.ts";
import { launchChromium } from "../support/chromium.ts";
import { makeClip } from "../support/clip.ts";
import { packInto, Project } from "../support/package-project.ts";
import { start } from "../support/program.ts";

const patience = (): AbortSignal => AbortSignal.timeout(60_000);

let packed: Project;
let tarball: string;
let browser: Browser;

before(async () => {
  packed = new Project("packed");
  ({ tarball } = await packInto(packed.folder));
  browser = await launchChromium();
});
after(async () => {
  packed[Symbol.dispose]();
  await browser.close();
});

/** An example with its dependencies installed, the package among them. */
async function install(name: string): Promise<Project> {
  const project = Project.ofExample(name);
  project.write(".env", "PORT=0\nRTMP_PORT=0\nNEXT_TELEMETRY_DISABLED=1\n");
  await project.npm("install", "--no-audit", "--no-fund", tarball);
  return project;
}

/** Reads to the end. Rejects where the connection is cut. */
async function drain(body: { read(): Promise<{ readonly done: boolean }> }): Promise<void> {
  for (let over = false; !over;) ({ done: over } = await body.read());
}

/** A WebSocket of the framework's own: opened, and asked something where it answers. */
async function speaks(url: string, answers: boolean): Promise<void> {
  const socket = new WebSocket(url);
  const signal = patience();
  await once(socket, "open", { signal });
  if (answers) {
    socket.send("hello");
    const [words] = (await once(socket, "message", { signal })) as [Buffer];
    assert.equal(words.toString("utf8"), "you said hello");
  }
  socket.close();
  await once(socket, "close", { signal });
}

/** Opens a page and asserts that it plays, and that no script of it failed. */
async function plays(url: string, picture: string, more: (page: Page) => Promise<void> = async () => undefined): Promise<void> {
  const page = await browser.newPage();
  const wrong: string[] = [];
  page.on("pageerror", (error) => wrong.push(error.message));
  await page.goto(url);
  await playsOn(page, playerVideo, picture);
  await more(page);
  await page.close();
  assert.deepEqual(wrong, []);
}

/** The frameworks, and where each has a WebSocket of its own: a chat, or what Next reloads pages by while they are developed. */
const frameworks = [
  { name: "express", socket: "chat" },
  { name: "fastify", socket: "chat" },
  { name: "nextjs", socket: "_next/hmr?id=0" },
];

for (const { name, socket } of frameworks) {
  test(`${name}: its pages, our pages, streams and WebSockets below a path, keys, and an end in order`, async () => {
    using project = await install(name);
    await using program = project.startNode("--env-file=.env", "server.mjs");
    const [, url] = await program.said(/open (http:\S+)/, patience());
    const [, ingest] = await program.said(/publish to (\S+)/, patience());
    assert.match(await (await fetch(url!)).text(), /Ours/);
    assert.equal((await fetch(`${url}nothing-here`)).status, 404, "theirs");
    assert.equal(await (await fetch(`${url}media/health`)).text(), "ok\n");
    await speaks(url! + socket, socket === "chat");

    const clip = await makeClip({ seconds: 30 });
    const publish = (to: string) => start("ffmpeg", ["-v", "error", "-nostdin", "-re", "-i", clip, "-c", "copy", "-f", "flv", to]);
    const refused = await publish(ingest!.replace(/key=.*/, "key=wrong")).finished;
    assert.notEqual(refused.code, 0, "a wrong key");
    await using publisher = publish(ingest!);
    const response = await fetch(`${url}media/live/cam.flv`);
    assert.deepEqual([response.status, response.headers.get("content-type")], [200, "video/x-flv"]);
    const body = (response.body as ReadableStream<Uint8Array>).getReader();
    const { value: first } = await body.read();
    assert.equal(Buffer.from(first!).toString("latin1", 0, 3), "FLV");
    const read = drain(body);
    const webSocket = new WebSocket(`${url}media/live/cam.mp4`);
    await once(webSocket, "message", { signal: patience() });
    await plays(`${url}media/watch/live/cam`, `framework-${name}-watch`);
    await plays(url!, `framework-${name}`, async (page) => {
      if (name === "nextjs") await page.locator("output", { hasText: /^playing$/ }).waitFor({ timeout: 10_000 });
    });
    await speaks(url! + socket, socket === "chat");

    const farewell = once(webSocket, "close", { signal: patience() }) as Promise<[number]>;
    const { code, signal, stderr } = await program.stop();
    assert.deepEqual([code, signal], [0, null], stderr);
    assert.equal((await farewell)[0], 1001);
    await read; // to its proper end: a connection that was cut would throw
    await publisher.stop();
  });
}
