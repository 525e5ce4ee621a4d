import { chromium, type Browser } from "playwright-core";
import { programPath } from "./program.ts";

/** The Chromium that tests look through: without a window, as root too, and videos may begin with sound. */
export function launchChromium(extraArgs: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: programPath("chromium"),
    args: ["--no-sandbox", "--disable-gpu", "--headless=new", "--autoplay-policy=no-user-gesture-required", ...extraArgs],
  });
}
