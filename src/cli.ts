#!/usr/bin/env node
/** The command. Arguments, environment, signals and the exit code are dealt with here and nowhere else. */
import { fstatSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { basename, relative, sep } from "node:path";
import { type Arguments, parseArguments, UsageError } from "./server/cli/arguments.ts";
import { banner, type BannerFacts } from "./server/cli/banner.ts";
import { checkReport } from "./server/cli/check-report.ts";
import { countBuffersInHeapLimits } from "./server/cli/collector.ts";
import { Command, helpText } from "./server/cli/commands.ts";
import { commandBeside, commandWith, type Invocation } from "./server/cli/command.ts";
import { importReport } from "./server/cli/import-report.ts";
import { keyReport } from "./server/cli/key-command.ts";
import { portOwner } from "./server/cli/port-owner.ts";
import { readSettings } from "./server/cli/read-settings.ts";
import { reachable } from "./server/cli/reachable.ts";
import { startKeys } from "./server/cli/start-keys.ts";
import { freeAddress, type Taken, takenText, wantsOtherPort } from "./server/cli/taken.ts";
import { KeyFileError } from "./server/access/key-list.ts";
import { configJsonSchema } from "./server/config/json-schema.ts";
import { ConfigError } from "./server/config/problem.ts";
import type { Config } from "./server/config/schema.ts";
import { formatListen, listenAddress } from "./server/config/values.ts";
import { demoStream } from "./server/demo.ts";
import { FeedFileError } from "./server/feeds/feed-file-error.ts";
import { ListenError } from "./server/listen-error.ts";
import { createLog, type Log } from "./server/log.ts";
import type { MillraceServer } from "./server/millrace-server.ts";
import { loadPlugins } from "./server/plugins/load-plugins.ts";
import { PluginError } from "./server/plugins/plugin.ts";
import { createServerFrom } from "./server/server.ts";
import { packageVersion } from "./server/version.ts";

/** How the process ends. docs/config.md lists the same. */
const ExitCode = { done: 0, failed: 1, usage: 2 } as const;

const argv = process.argv.slice(2);

async function main(): Promise<number> {
  const given = parseArguments(argv);
  if (given.help || given.version) {
    process.stdout.write(given.help ? helpText(given.command) : `${packageVersion()}\n`);
    return ExitCode.done;
  }
  switch (given.command) {
    case Command.start:
      return start(given);
    case Command.key:
      process.stdout.write(await keyReport(given, process.env));
      return ExitCode.done;
    case Command.check:
      process.stdout.write(await checkReport(given, process.env));
      return ExitCode.done;
    case Command.import:
      process.stdout.write(await importReport(given, process.env));
      return ExitCode.done;
    case Command.schema:
      process.stdout.write(`${JSON.stringify(configJsonSchema(), undefined, 2)}\n`);
      return ExitCode.done;
  }
}

async function start(given: Arguments): Promise<number> {
  countBuffersInHeapLimits();
  const { config, effective, warnings } = await readSettings(given, process.env);
  const log = createOwnLog(config);
  for (const text of warnings) log.warn(text);
  const plugins = await loadPlugins(effective);
  const keys = await startKeys(config, { command: commandBeside(invocation(), ["key"]), shown: isRead(config) }, log);
  const server = createServerFrom(config, log, { keys: keys.ring, plugins });
  // Before anybody can know that we run: a signal that comes early is obeyed in order too.
  const ending = nextSignal();
  try {
    await server.listen();
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    process.stderr.write(await explain(error));
    return ExitCode.failed;
  }
  if (config.log.format !== "json") process.stdout.write(banner({ ...bannerFacts(server), keys: keys.facts }));
  const signal = await ending;
  log.info({ signal }, "ending");
  // A second signal finds no listener of ours and ends the process at once.
  await server.close();
  return ExitCode.done;
}

/** The log goes to stderr, so that stdout holds what was asked for and nothing else. */
function createOwnLog({ log: { level, format } }: Config): Log {
  const { stderr } = process;
  const text = format === "text" || (format === "auto" && stderr.isTTY);
  return createLog({ level, format: text ? "text" : "json", colour: wantsColour(stderr), write: (line) => void stderr.write(line) });
}

/** https://no-color.org */
function wantsColour(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
}

/** Whether a person reads the start text, and no journal or container log keeps it. */
function isRead({ log }: Config): boolean {
  const { dev, ino } = fstatSync(process.stdout.fd, { bigint: true });
  // systemd.exec(5): where output goes to the journal. The variable alone is inherited by all that a desktop starts.
  const isKept = process.env["JOURNAL_STREAM"] === `${dev}:${ino}` || process.pid === 1;
  return log.format !== "json" && (process.stdout.isTTY || !isKept);
}

function bannerFacts(server: MillraceServer): Omit<BannerFacts, "keys"> {
  const where = (role: "rtmp" | "http") => {
    const address = server.address(role);
    const { publicUrl, ...listening } = server.config[role];
    const root = role === "http" ? `${server.config.http.basePath}/` : "/";
    return address && { [role]: { ...reachable(listenAddress(listening), networkInterfaces()), port: address.port, publicUrl, root } };
  };
  return {
    version: packageVersion(),
    colour: wantsColour(process.stdout),
    ...where("rtmp"),
    ...where("http"),
    ...(server.config.demo && { demo: demoStream }),
    ...(hasFeeds(server.config) && { feeds: server.config }),
  };
}

function hasFeeds({ feeds, outputs, feedsOnly }: Config): boolean {
  return feedsOnly || Object.keys(feeds).length + Object.keys(outputs).length > 0;
}

/** Why the ports could not be opened, and the command that would work. */
async function explain(error: ListenError): Promise<string> {
  const chosen = new Set<number>();
  const taken: Taken[] = [];
  for (const failure of error.failures) {
    const { port } = failure.address;
    const owner = failure.code === "EADDRINUSE" ? await portOwner(port) : undefined;
    const free = wantsOtherPort(failure.code) ? await freeAddress(failure.address, chosen) : undefined;
    if (free) chosen.add(free.port);
    taken.push({ failure, ...(owner && { owner }), ...(free && { free }) });
  }
  return takenText(taken, (free) => {
    return commandWith(invocation(), new Map(free.map((entry) => [`--${entry.failure.role}`, formatListen(entry.free!)])));
  });
}

function invocation(): Invocation {
  const script = process.argv[1] ?? "";
  const npmScript = process.env["npm_lifecycle_event"] || undefined;
  const windows = process.platform === "win32";
  // The scripts of a project that has us installed are not ours to repeat: we do not know what they add to the arguments.
  if (!script.endsWith(".ts")) return { argv, program: isInProject(script) ? ["npx", basename(script)] : [basename(script)], windows };
  return { argv, program: ["node", relative(process.cwd(), script)], windows, ...(npmScript !== undefined && { npmScript }) };
}

/** Whether the command is a project's own and not in the PATH. */
function isInProject(script: string): boolean {
  return script.split(sep).includes("node_modules");
}

/**
 * npm (`npm start`, `npx millrace`) gives a signal to the shell that it runs us in, and the shell dies of it and tells us nothing: being
 * left by it counts as a signal. Elsewhere a parent may go and mean nothing by it.
 */
function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    const signals = ["SIGINT", "SIGTERM"] as const;
    const taken = (signal: string) => {
      for (const each of signals) process.off(each, taken);
      clearInterval(watch);
      resolve(signal);
    };
    for (const each of signals) process.on(each, taken);
    const parent = process.ppid;
    const isRunByNpm = process.env["npm_lifecycle_event"] !== undefined;
    const watch = isRunByNpm ? setInterval(() => process.ppid === parent || taken("npm has ended"), 200).unref() : undefined;
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof PluginError) {
    const { cause } = error;
    process.stderr.write(`millrace: ${error.message}\n${cause instanceof Error ? `${cause.stack}\n` : ""}`);
    process.exit(ExitCode.failed);
  }
  if (error instanceof FeedFileError) {
    process.stderr.write(`millrace: ${error.message}\n`);
    process.exit(ExitCode.failed);
  }
  if (!(error instanceof UsageError || error instanceof ConfigError || error instanceof KeyFileError)) throw error;
  process.stderr.write(`millrace: ${error.message}\n`);
  process.exitCode = ExitCode.usage;
}
