/** The examples for frameworks, installed from the registry beside the package: types, build, and that they play in Chromium. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { createServer, type MillraceServer } from "../../src/index.ts";
import { publishTestClip, type TestClip } from "../../src/testing/index.ts";
import { playerVideo, playsOn } from "../interop/browser.ts";
import { npmScript } from "../../tools/node-program.ts";
import { launchChromium } from "../support/chromium.ts";
import { packInto, Project } from "../support/package-project.ts";

const patience = () => AbortSignal.timeout(60_000);

let browser: Browser;
let packed: Project;
let tarball: string;

before(async () => {
  packed = new Project("packed");
  [{ tarball }, browser] = await Promise.all([packInto(packed.folder), launchChromium()]);
});
after(async () => {
  await browser?.close();
  packed?.[Symbol.dispose]();
});

/** Makes an example's project and installs what it names, with this package in place of the registry's. */
async function installed(example: string): Promise<Project> {
  const project = Project.ofExample(example);
  await project.npm("install", "--no-audit", "--no-fund", tarball);
  return project;
}

/** Opens a page that is given a key, and asserts that no script of it failed. */
async function open(url: string, watch: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1000, height: 700 } });
  await context.addInitScript({ content: 'sessionStorage.setItem("key", "viewer")' });
  const wrong: string[] = [];
  const page = await context.newPage();
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("console", (message) => message.type() === "error" && wrong.push(`${message.text()} ${message.location().url}`));
  try {
    await page.goto(url);
    await watch(page);
    assert.deepEqual(wrong, []);
  } finally {
    await context.close();
  }
}

interface PlayerExample {
  /** Checks the types of the project. */
  readonly check: readonly string[];
  /** A source with one mistake a line, and what each of them is found by. */
  readonly mistakes: readonly [file: string, source: string];
}

const wrongUses = ['latency="soon"', 'scr="/live/cam"', 'engine="flash"'] as const;
const said = [/'string' is not assignable to type 'number'/, /scr/, /flash/, /'nothing' does not exist/, /'nothing' does not exist/];

const examples: Readonly<Record<string, PlayerExample>> = {
  react: {
    check: ["node_modules/typescript/bin/tsc"],
    mistakes: [
      "src/Wrong.tsx",
      [
        'import "millrace/player/react";',
        ...[...wrongUses, "onstatechange={(event) => event.detail.nothing}", "onerror={(event) => event.detail.nothing}"].map(
          (use, index) => `export const x${index} = <millrace-player ${use} />;`,
        ),
      ].join("\n"),
    ],
  },
  vue: {
    check: ["node_modules/vue-tsc/bin/vue-tsc.js"],
    mistakes: [
      "src/Wrong.vue",
      [
        '<script setup lang="ts">\nimport "millrace/player/vue";\n</script>\n<template>',
        ...[...wrongUses, '@statechange="(event) => event.detail.nothing"', '@error="(event) => event.detail.nothing"'].map(
          (use) => `<millrace-player ${use} />`,
        ),
        "</template>",
      ].join("\n"),
    ],
  },
  svelte: {
    check: ["node_modules/svelte-check/bin/svelte-check", "--output", "machine"],
    mistakes: [
      "src/Wrong.svelte",
      [
        '<script lang="ts">\nimport "millrace/player/svelte";\n</script>',
        ...[...wrongUses, "onstatechange={(event) => event.detail.nothing}", "onerror={(event) => event.detail.nothing}"].map(
          (use) => `<millrace-player ${use}></millrace-player>`,
        ),
      ].join("\n"),
    ],
  },
};

for (const [name, { check, mistakes }] of Object.entries(examples)) {
  describe(`millrace/player/${name}, and examples/${name}`, () => {
    let project: Project;
    let server: MillraceServer;
    let clip: TestClip;
    before(async () => {
      project = await installed(name);
      server = createServer({ rtmp: { enabled: false }, http: { host: "127.0.0.1", port: 0 } });
      server.onPlay(({ key }) => key === "viewer");
      await server.listen();
      clip = await publishTestClip(server, "live/cam");
    });
    after(async () => {
      await clip?.stop();
      await server?.close();
      project?.[Symbol.dispose]();
    });

    test("types and build are sound", async () => {
      await project.npm("run", "build");
      // What checks templates has a compiler of its own; JSX is checked by any.
      if (name === "react") await project.node(npmScript("typescript", "bin/tsc"), "-p", project.folder);
    });

    test("types find mistakes", async () => {
      const file = project.write(...mistakes);
      const { code, stdout } = await project.startNode(...check).finished;
      project.remove(file);
      const lines = stdout.toString("utf8").split("\n");
      const errors = lines.filter((line) => /error/i.test(line) && line.includes(mistakes[0]));
      assert.notEqual(code, 0);
      assert.equal(errors.length, said.length, errors.join("\n"));
      for (const [index, words] of said.entries()) assert.match(errors[index]!, words);
    });

    test("it plays in Chromium, tells of its events and takes its properties", async () => {
      const millrace = `http://127.0.0.1:${server.address("http")!.port}`;
      const vite = project.path("node_modules/vite/bin/vite.js");
      await using preview = project.startNodeWith(
        { MILLRACE: millrace, NO_COLOR: "1" },
        vite,
        "preview",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
      );
      const url = (await preview.said(/http:\/\/127\.0\.0\.1:\d+\//, patience()))[0];
      await open(url, async (page) => {
        await page.locator("output", { hasText: /^playing$/ }).waitFor({ timeout: 20_000 });
        await page.locator("p", { hasText: /\d\.\d s behind the camera/ }).waitFor({ timeout: 20_000 });
        const muted = () => page.evaluate<boolean>("document.querySelector('millrace-player').muted");
        const button = (words: string) => page.locator("main > button", { hasText: words });
        assert.equal(await muted(), true);
        await button("Sound on").click();
        await button("Sound off").waitFor();
        assert.equal(await muted(), false);
        await button("To live").click();
        await playsOn(page, playerVideo, `example-${name}`);
        // What the player's own button does reaches the page.
        await page.evaluate("document.querySelector('millrace-player').muted = true");
        await button("Sound on").waitFor();
      });
    });
  });
}
