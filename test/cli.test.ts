import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { configJsonSchema } from "../src/server/config/json-schema.ts";
import { packageVersion } from "../src/server/version.ts";

/** Where the commands are started, and keep their keys. */
const home = await mkdtemp(join(tmpdir(), "millrace-home-"));
after(() => rm(home, { recursive: true, force: true }));

const cli = fileURLToPath(new URL("../src/cli.ts", import.meta.url));

/** The command as a child process, with all it has said. Objects among the arguments are variables. */
class Command {
  readonly child: ChildProcess;
  out = "";
  err = "";
  readonly ended: Promise<{ code: number | null; signal: string | null }>;

  constructor(...args: readonly (string | Readonly<Record<string, string>>)[]) {
    const { npm_lifecycle_event: _script, ...inherited } = process.env;
    const env = Object.assign(inherited, ...args.filter((arg) => typeof arg === "object")) as Record<string, string>;
    const argv = args.filter((arg) => typeof arg === "string");
    this.child = spawn(process.execPath, [cli, ...argv], { env, cwd: home, stdio: ["ignore", "pipe", "pipe"] });
    this.child.stdout!.setEncoding("utf8").on("data", (text: string) => (this.out += text));
    this.child.stderr!.setEncoding("utf8").on("data", (text: string) => (this.err += text));
    this.ended = once(this.child, "close").then(([code, signal]) => ({ code, signal }));
  }

  /** Resolves when the banner is there. */
  started(): Promise<void> {
    return this.until(() => this.out.includes("Ctrl+C ends it."));
  }

  /** Resolves when what it has said is so; rejects if it ends before. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const ended = await Promise.race([once(this.child.stdout!, "data"), once(this.child.stderr!, "data"), this.ended]);
      if (!Array.isArray(ended)) throw new Error(`ended with ${ended.code ?? ended.signal}: ${this.err}`);
    }
  }

  /** The port in the first URL of a scheme that the banner names. */
  port(scheme: string): number {
    return Number(new RegExp(`${scheme}://[^\\s:]+:(\\d+)/`).exec(this.out)![1]);
  }
}

const free = ["--rtmp", "127.0.0.1:0", "--http", "127.0.0.1:0"];

test("--version and --help print and end", async () => {
  const version = new Command("--version");
  assert.equal((await version.ended).code, 0);
  assert.equal(version.out, `${packageVersion()}\n`);
  const help = new Command("--help");
  assert.equal((await help.ended).code, 0);
  assert.match(help.out, /--rtmp \[HOST:\]PORT/);
});

test("mistakes on the command line and in the configuration end with 2 and say what was meant", async () => {
  const flag = new Command("--rtpm", "1935");
  assert.equal((await flag.ended).code, 2);
  assert.equal(flag.err, "millrace: unknown flag --rtpm; did you mean --rtmp?\n");
  const folder = await mkdtemp(join(tmpdir(), "millrace-cli-"));
  const file = join(folder, "m.yaml");
  await writeFile(file, "http:\n  prot: 8080\n");
  const config = new Command("--config", file);
  assert.equal((await config.ended).code, 2);
  assert.equal(config.err, `millrace: ${file}:2:3: http.prot: unknown key; did you mean port?\n`);
  await rm(folder, { recursive: true });
});

test("it says where it listens, without colour in a pipe, and ends in order on a signal", async () => {
  const command = new Command(...free);
  await command.started();
  assert.ok(!command.out.includes("\u001b"));
  assert.match(command.out, /Stream Key {3}cam\?key=mr_[a-z2-9]{24}\n/);
  const health = await fetch(`http://127.0.0.1:${command.port("http")}/health`);
  assert.equal(await health.text(), "ok\n");
  const rtmp = connect(command.port("rtmp"), "127.0.0.1");
  await once(rtmp, "connect");
  command.child.kill("SIGTERM");
  assert.deepEqual(await command.ended, { code: 0, signal: null });
  rtmp.destroy();
});

test("a taken port is named, with who has it and the command that works; nothing else stays open", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address() as AddressInfo;
  const command = new Command("--rtmp", `127.0.0.1:${port}`, "--http", "127.0.0.1:0");
  assert.equal((await command.ended).code, 1);
  assert.match(command.err, new RegExp(`^millrace: cannot listen for RTMP on 127\\.0\\.0\\.1:${port}: the port is taken by `, "m"));
  if (process.platform === "linux") assert.ok(command.err.includes(`(process ${process.pid})`), command.err);
  const suggestion = /^ {2}node .*cli\.ts --http 127\.0\.0\.1:0 --rtmp 127\.0\.0\.1:(\d+)$/m.exec(command.err);
  assert.ok(suggestion && Number(suggestion[1]) > port, command.err);
  assert.equal(command.out, "");
  holder.close();
});

if (process.platform !== "win32") {
  test("it ends in order when npm was told to: npm tells the shell between, which tells nobody", async () => {
    const env = { ...process.env, npm_lifecycle_event: "start" };
    // With a command after it, the shell does not become the server.
    const shell = spawn("sh", ["-c", '"$0" "$@"; :', process.execPath, cli, ...free], { env, stdio: ["ignore", "pipe", "inherit"] });
    let out = "";
    shell.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    while (!out.includes("Ctrl+C ends it.")) await once(shell.stdout, "data");
    const port = Number(/http:\/\/[^\s:]+:(\d+)\//.exec(out)![1]);
    shell.kill("SIGTERM");
    // The pipe is the server's too: it closes when both have ended.
    await once(shell, "close");
    await assert.rejects(fetch(`http://127.0.0.1:${port}/health`));
  });
}

test("a second signal does not wait", async () => {
  const command = new Command(...free);
  await command.started();
  // Never closes its side, so that the end takes all the time it may.
  const peer = connect({ port: command.port("http"), host: "127.0.0.1", allowHalfOpen: true });
  peer.write("GET /live/never.flv HTTP/1.1\r\nHost: x\r\n\r\n");
  await once(peer, "connect");
  const rtmp = connect({ port: command.port("rtmp"), host: "127.0.0.1", allowHalfOpen: true });
  await once(rtmp, "connect");
  for (const socket of [peer, rtmp]) socket.on("error", () => undefined);
  command.child.kill("SIGINT");
  await command.until(() => command.err.includes('"ending"'));
  command.child.kill("SIGINT");
  assert.deepEqual(await command.ended, { code: null, signal: "SIGINT" });
  peer.destroy();
  rtmp.destroy();
});

test("the log is JSON in a pipe, one object a line", async () => {
  const command = new Command(...free, "--log-level", "debug");
  await command.started();
  command.child.kill("SIGTERM");
  await command.ended;
  const records = command.err
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { msg: string });
  assert.ok(records.some(({ msg }) => msg === "listening for RTMP"));
});

test("check says what is in effect and where each value is from, or every mistake with its place", async () => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-check-"));
  const file = join(folder, "m.yaml");
  await writeFile(file, "rtmp:\n  port: 7001\n  maxConnections: 5\nstreams:\n  max: 7\n");
  const good = new Command({ MILLRACE_RTMP_PORT: "7002", MILLRACE_STREAMS_MAX: "8" }, "check", file, "--rtmp", "7003");
  assert.equal((await good.ended).code, 0, good.err);
  const row = (key: string) =>
    good.out
      .split("\n")
      .find((line) => line.startsWith(`${key} `))
      ?.split(/\s{2,}/);
  assert.match(good.out, /^ok\n\n/);
  assert.deepEqual(row("rtmp.port"), ["rtmp.port", "7003", "--rtmp"]);
  assert.deepEqual(row("streams.max"), ["streams.max", "8", "MILLRACE_STREAMS_MAX"]);
  assert.deepEqual(row("rtmp.maxConnections"), ["rtmp.maxConnections", "5", `${file}:3:19`]);
  assert.deepEqual(row("viewers.max"), ["viewers.max", "10000", "default"]);

  await writeFile(file, "rtmp:\n  port: x\n  prot: 1\n");
  const bad = new Command({ MILLRACE_VIEWERS_MAX: "0", MILLRACE_CONFIG: file }, "check", "--log-level", "wran");
  assert.equal((await bad.ended).code, 2);
  assert.equal(bad.out, "");
  assert.deepEqual(bad.err.trimEnd().split("\n"), [
    'millrace: --log-level: must be one of trace, debug, info, warn, error, silent, not "wran"; did you mean warn?',
    "MILLRACE_VIEWERS_MAX: 0 is too small: at least 1",
    `${file}:2:9: rtmp.port: must be a number, not "x"`,
    `${file}:3:3: rtmp.prot: unknown key; did you mean port?`,
  ]);
  await rm(folder, { recursive: true });
});

test("settings come from flags, then variables, then the file that MILLRACE_CONFIG names", async () => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-order-"));
  const file = join(folder, "m.yaml");
  await writeFile(file, "rtmp: {enabled: false}\nhttp: {host: 127.0.0.1, port: 1}\nlog: {level: debug, format: text}\n");
  const command = new Command({ MILLRACE_CONFIG: file, MILLRACE_LOG_FORMAT: "json", MILLRACE_NOISE: "1" }, "--http", "0", "--no-auth");
  await command.until(() => command.err.includes("listening for HTTP"));
  const records = command.err
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { msg: string; host?: string });
  assert.deepEqual(
    records.map(({ msg }) => msg),
    [
      "MILLRACE_NOISE: unknown variable; docs/config.md lists the variables",
      "everybody who reaches this server can publish: keys are switched off (--no-auth, auth: false)",
      "listening for HTTP",
    ],
  );
  assert.equal(records[2]!.host, "127.0.0.1");
  command.child.kill("SIGTERM");
  assert.equal((await command.ended).code, 0);
  await rm(folder, { recursive: true });
});

test("import prints an ffserver.conf as settings that check takes", async () => {
  const conf = fileURLToPath(new URL("fixtures/ffserver.conf", import.meta.url));
  await writeFile(join(home, "voice.ffpreset"), "b=48000\n");
  await writeFile(join(home, "field.ffpreset"), "b=90000\n");
  const imported = new Command("import", conf, { FFMPEG_DATADIR: home });
  assert.equal((await imported.ended).code, 0);
  await writeFile(join(home, "imported.yaml"), imported.out);
  const check = new Command("check", "imported.yaml");
  assert.equal((await check.ended).code, 0);
  assert.match(check.out, /^http\.port +8090 +imported\.yaml:\d+:9$/m);
  const wrong = new Command("import", conf, { FFMPEG_DATADIR: "", HOME: home });
  assert.equal((await wrong.ended).code, 2);
  assert.match(wrong.err, /ffserver\.conf:118: File for preset 'voice' not found/);
  assert.equal(wrong.out, "");
});

test("schema prints the JSON schema and takes no settings", async () => {
  const schema = new Command("schema");
  assert.equal((await schema.ended).code, 0);
  assert.deepEqual(JSON.parse(schema.out), JSON.parse(JSON.stringify(configJsonSchema())));
  const wrong = new Command("schema", "--demo");
  assert.equal((await wrong.ended).code, 2);
  assert.equal(wrong.err, "millrace: millrace schema takes no --demo; millrace schema --help lists its flags\n");
});

test("check, its mistakes and the log tell where a secret is from and never what it is", async () => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-secret-"));
  const file = join(folder, "key");
  await writeFile(file, "OpenSesame-1234\n");
  const secret = { MILLRACE_PUBLISH_KEY_FILE: file, MILLRACE_DATA: folder };
  const good = new Command(secret, "check");
  assert.equal((await good.ended).code, 0, good.err);
  assert.match(good.out, /^publishKey +\(secret\) +MILLRACE_PUBLISH_KEY_FILE$/m);
  const server = new Command(secret, ...free, "--log-level", "trace", "--no-auth");
  await server.started();
  server.child.kill("SIGTERM");
  await server.ended;
  await writeFile(file, "OpenSesame 1234!\n");
  const bad = new Command(secret, "check");
  assert.equal((await bad.ended).code, 2);
  assert.match(bad.err, /^millrace: MILLRACE_PUBLISH_KEY_FILE: a key is made of letters, digits, - and _/);
  await writeFile(join(folder, "m.yaml"), "publishKey: !OpenSesame&1234\nstreams: [OpenSesame\n");
  const broken = new Command("check", join(folder, "m.yaml"));
  assert.equal((await broken.ended).code, 2);
  for (const { out, err } of [good, server, bad, broken]) assert.doesNotMatch(out + err, /Sesame/);
  await rm(folder, { recursive: true });
});

test("check finds the damaged file of keys that would keep a server from starting", async () => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-damaged-"));
  await writeFile(join(folder, "publish-keys.txt"), "not a key at all\n");
  const commands = [new Command("check", "--data", folder), new Command(...free, "--data", folder)];
  const told = await Promise.all(commands.map(async (command) => [(await command.ended).code, command.err]));
  assert.equal(told[0]![0], 2);
  assert.deepEqual(told[0], told[1]);
  const open = new Command("check", "--data", folder, "--no-auth");
  assert.equal((await open.ended).code, 0, open.err);
  await rm(folder, { recursive: true });
});
