/** A page with the player in Chromium, and what a probe in the page saw. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import type { BrowserContext, Page } from "playwright-core";
import type { PlayerStats } from "../../web/player/stats.ts";

/** What the page saw since the probe was last reset. */
export interface ProbeReport {
  readonly waiting: number;
  readonly seeking: number;
  readonly frames: number;
  /** Longest time between two pictures shown, milliseconds. */
  readonly longestFreeze: number;
  readonly currentTime: number;
  readonly states: readonly string[];
  readonly latencies: readonly { readonly buffer: number; readonly rate: number; readonly seek: string | null }[];
  readonly errors: readonly { readonly code: string; readonly message: string }[];
  readonly state: string;
  readonly stats: PlayerStats | null;
}

export interface BrowserOptions {
  readonly colorScheme?: "light" | "dark";
  readonly viewport?: { readonly width: number; readonly height: number };
  /** False: sound needs a gesture first, as in browsers that people use. */
  readonly soundAllowed?: boolean;
}

/** Chromium with a profile of its own, which goes away with it. */
export class PlayerBrowser {
  readonly context: BrowserContext;
  readonly #profile: string;

  private constructor(context: BrowserContext, profile: string) {
    this.context = context;
    this.#profile = profile;
  }

  static async launch(options: BrowserOptions = {}): Promise<PlayerBrowser> {
    const profile = await mkdtemp(join(tmpdir(), "millrace-player-"));
    const sound = options.soundAllowed === false ? "user-gesture-required" : "no-user-gesture-required";
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", `--autoplay-policy=${sound}`],
      colorScheme: options.colorScheme ?? "light",
      viewport: options.viewport ?? { width: 1008, height: 640 },
    });
    return new PlayerBrowser(context, profile);
  }

  async open(url: string): Promise<PlayerPage> {
    const page = await this.context.newPage();
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    await page.goto(url);
    await page.waitForFunction("globalThis.probe !== undefined");
    return new PlayerPage(page, problems);
  }

  async close(): Promise<void> {
    await this.context.close();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

export class PlayerPage {
  readonly page: Page;
  /** Errors that nobody caught in the page. */
  readonly problems: readonly string[];

  constructor(page: Page, problems: readonly string[]) {
    this.page = page;
    this.problems = problems;
  }

  report(): Promise<ProbeReport> {
    return this.page.evaluate<ProbeReport>("probe.report()");
  }
  async reset(): Promise<void> {
    await this.page.evaluate("probe.reset()");
  }
  /** The text of a part of the player; "" where it is not shown. */
  text(part: string): Promise<string> {
    return this.page.evaluate<string>(`probe.text(${JSON.stringify(part)})`);
  }
  /** Waits until an expression over `report`, the probe's report, holds. */
  async until(expression: string, timeout = 10_000): Promise<ProbeReport> {
    try {
      await this.page.waitForFunction(`(() => { const report = probe.report(); return ${expression}; })()`, undefined, {
        timeout,
        polling: 50,
      });
    } catch (error) {
      throw new Error(`${expression} did not come true: ${JSON.stringify(await this.report())}`, { cause: error });
    }
    return this.report();
  }
  /** Plays on for so many seconds of the media's time. */
  async playOn(seconds: number): Promise<ProbeReport> {
    const { currentTime } = await this.report();
    return this.until(`report.currentTime > ${currentTime + seconds}`, 10_000 + seconds * 1500);
  }
}
