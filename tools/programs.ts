/** The programs and libraries outside npm that the tests run: where they are, and what installs them. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** One program that tests run. */
export interface Program {
  /** What tests ask for it by. */
  readonly name: string;
  /** Its file names, or absolute paths; the first that exists is taken. */
  readonly commands: readonly string[];
  /** Debian packages that bring it. */
  readonly debian: readonly string[];
  /** Homebrew formulas or casks that bring it. */
  readonly brew: readonly string[];
  /** Arguments with which it exits 0 only if it can do what the tests want; default: being there is enough. */
  readonly probe?: readonly string[];
  /** True for what only the slow stage runs. */
  readonly slow?: boolean;
  /** True for a shared library, which other programs load: its paths are absolute. */
  readonly library?: boolean;
}

const macApp = (name: string): string => `/Applications/${name}.app/Contents/MacOS/${name}`;

export const programs: readonly Program[] = [
  { name: "ffmpeg", commands: ["ffmpeg"], debian: ["ffmpeg"], brew: ["ffmpeg"] },
  { name: "ffprobe", commands: ["ffprobe"], debian: ["ffmpeg"], brew: ["ffmpeg"] },
  {
    name: "gst-launch-1.0",
    commands: ["gst-launch-1.0"],
    debian: ["gstreamer1.0-tools", "gstreamer1.0-plugins-base", "gstreamer1.0-plugins-good"],
    brew: ["gstreamer"],
  },
  {
    name: "gst-inspect-1.0",
    commands: ["gst-inspect-1.0"],
    debian: ["gstreamer1.0-tools", "gstreamer1.0-plugins-bad", "gstreamer1.0-libav"],
    brew: ["gstreamer"],
    probe: ["--exists", "rtmp2sink"],
  },
  { name: "curl", commands: ["curl"], debian: ["curl"], brew: ["curl"] },
  { name: "rtmpdump", commands: ["rtmpdump"], debian: ["rtmpdump"], brew: ["rtmpdump"] },
  {
    name: "chromium",
    commands: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", macApp("Chromium"), macApp("Google Chrome")],
    debian: ["chromium"],
    brew: ["chromium"],
  },
  { name: "cvlc", commands: ["cvlc", macApp("VLC")], debian: ["vlc-bin", "vlc-plugin-base"], brew: ["vlc"] },
  { name: "mpv", commands: ["mpv"], debian: ["mpv"], brew: ["mpv"] },
  {
    name: "nginx",
    commands: ["nginx"],
    debian: ["nginx", "libnginx-mod-rtmp", "libnginx-mod-stream"],
    brew: ["nginx"],
    probe: ["-t", "-e", "stderr", "-c", fileURLToPath(new URL("nginx-probe.conf", import.meta.url))],
  },
  { name: "haproxy", commands: ["haproxy"], debian: ["haproxy"], brew: ["haproxy"] },
  { name: "caddy", commands: ["caddy"], debian: ["caddy"], brew: ["caddy"] },
  { name: "openssl", commands: ["openssl"], debian: ["openssl"], brew: ["openssl"] },
  { name: "oggz-validate", commands: ["oggz-validate"], debian: ["oggz-tools"], brew: ["liboggz"] },
  { name: "opusinfo", commands: ["opusinfo"], debian: ["opus-tools"], brew: ["opus-tools"] },
  { name: "mkvmerge", commands: ["mkvmerge"], debian: ["mkvtoolnix"], brew: ["mkvtoolnix"] },
  { name: "obs", commands: ["obs", macApp("OBS")], debian: ["obs-studio", "obs-plugins"], brew: ["obs"], slow: true },
  { name: "Xvfb", commands: ["Xvfb"], debian: ["xvfb"], brew: ["xquartz"], slow: true },
  {
    name: "jemalloc",
    commands: [
      ...["x86_64", "aarch64"].map((cpu) => `/usr/lib/${cpu}-linux-gnu/libjemalloc.so.2`),
      ...["/usr/lib64/libjemalloc.so.2", "/usr/lib/libjemalloc.so.2"],
      ...["/opt/homebrew/lib/libjemalloc.2.dylib", "/usr/local/lib/libjemalloc.2.dylib"],
    ],
    debian: ["libjemalloc2"],
    brew: ["jemalloc"],
    slow: true,
    library: true,
  },
];

/** Where a program is; undefined if it is nowhere. Debian keeps some outside an ordinary user's PATH, so that is searched too. */
export function findProgram(name: string): string | undefined {
  const { PATH = "", PATHEXT = "" } = process.env;
  const folders = [...PATH.split(delimiter), "/usr/sbin", "/sbin", "/usr/local/sbin"].filter((folder) => folder !== "");
  const endings = process.platform === "win32" ? PATHEXT.split(";") : [""];
  const { commands = [name], library = false } = programs.find((program) => program.name === name) ?? {};
  return commands
    .flatMap((command) => (command.startsWith("/") ? [command] : folders.map((folder) => join(folder, command))))
    .flatMap((path) => endings.map((ending) => path + ending))
    .find((path) => isUsable(path, library));
}

/** Those of `wanted` that are not there or cannot do what the tests want. */
export function missingPrograms(wanted: readonly Program[]): Program[] {
  return wanted.filter((program) => {
    const path = findProgram(program.name);
    if (path === undefined) return true;
    return program.probe !== undefined && spawnSync(path, program.probe, { stdio: "ignore" }).status !== 0;
  });
}

/** The system as far as installing goes. */
type System = "debian" | "macos" | "other";

function systemHere(): System {
  if (process.platform === "darwin") return "macos";
  if (process.platform !== "linux") return "other";
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(read("/etc/os-release")) && findProgram("apt-get") !== undefined ? "debian" : "other";
}

/** The one command that installs `missing` on `system`. Where no package manager has them all, the tests run in a Debian container. */
export function installCommand(missing: readonly Program[], system: System): string {
  const packages = (key: "debian" | "brew"): string => [...new Set(missing.flatMap((program) => program[key]))].sort().join(" ");
  switch (system) {
    case "debian":
      return `sudo apt-get update && sudo apt-get install -y --no-install-recommends ${packages("debian")}`;
    case "macos":
      return `brew install ${packages("brew")}`;
    case "other":
      return 'docker run --rm -v ".:/source:ro" node:24-bookworm sh -c "git clone -q /source /millrace && cd /millrace && npm ci && npm test"';
  }
}

/**
 * Makes sure that the programs are there: on Debian as root it installs what is missing, elsewhere it says what to run.
 * Returns what to tell the user; undefined when all is well.
 */
export function ensurePrograms(wanted: readonly Program[]): string | undefined {
  const missing = missingPrograms(wanted);
  if (missing.length === 0) return undefined;
  const names = missing.map((program) => program.name).join(", ");
  const system = systemHere();
  if (system !== "debian" || process.getuid?.() !== 0) {
    return `The tests run programs that are not installed: ${names}. This installs them:\n\n  ${installCommand(missing, system)}\n`;
  }
  const packages = [...new Set(missing.flatMap((program) => program.debian))].sort();
  console.log(`Installing what the tests run: ${packages.join(" ")}`);
  if (!apt(["update", "-q"]) || !apt(["install", "-q", "-y", "--no-install-recommends", ...packages])) {
    return `apt-get could not install ${packages.join(" ")}.`;
  }
  const still = missingPrograms(missing);
  return still.length === 0 ? undefined : `Installed, yet not usable: ${still.map((program) => program.name).join(", ")}.`;
}

function apt(args: readonly string[]): boolean {
  // RUNLEVEL=1 keeps the nginx package from starting its server on port 80.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  return spawnSync("apt-get", args, { stdio: ["ignore", "inherit", "inherit"], env }).status === 0;
}

function isUsable(path: string, library: boolean): boolean {
  try {
    accessSync(path, library ? constants.R_OK : constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
