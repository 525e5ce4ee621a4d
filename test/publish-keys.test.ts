/** Publish keys as people have them: the start text, the command `key` beside a server that runs, its file and its settings. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { RunningProgram } from "./support/program.ts";
import { start } from "./support/program.ts";
import { RtmpClient, statusCode } from "./support/rtmp-client.ts";

const cli = fileURLToPath(new URL("../src/cli.ts", import.meta.url));
const keyPattern = /mr_[a-z2-9]{24}/;

let home: string;
beforeEach(async () => void (home = await mkdtemp(join(tmpdir(), "millrace-home-"))));
afterEach(() => rm(home, { recursive: true, force: true }));

/** Runs the command in `home`. */
function millrace(args: readonly string[], env: Readonly<Record<string, string>> = {}): RunningProgram {
  return start(process.execPath, [cli, ...args], { cwd: home, env: { npm_lifecycle_event: "", ...env } });
}

/** A server on free ports. */
function serve(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): RunningProgram {
  return millrace(["--rtmp", "127.0.0.1:0", "--http", "127.0.0.1:0", ...args], env);
}

/** Resolves when a server has said that; rejects, with what it said instead, after ten seconds. */
function says(server: RunningProgram, pattern: RegExp): Promise<RegExpExecArray> {
  return server.said(pattern, AbortSignal.timeout(10_000));
}

async function rtmpPort(server: RunningProgram): Promise<number> {
  return Number((await says(server, /"port":(\d+),"msg":"listening for RTMP"/))[1]);
}

/** What `key …` prints. */
async function key(...args: readonly string[]): Promise<string> {
  const { stdout } = await millrace(["key", ...args]).succeeded();
  return stdout.toString("utf8");
}

/** The words and code with which a command failed. */
async function failed(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<[code: number | null, words: string]> {
  const { code, stderr } = await millrace(args, env).finished;
  return [code, stderr];
}

/** A publisher, and what it was told. */
async function publish(port: number, app: string, name: string): Promise<{ client: RtmpClient; code: string; words: string }> {
  const client = await RtmpClient.connect(port);
  await client.connectApp(app);
  const streamId = await client.createStream();
  client.command(streamId, "publish", null, name, "live");
  const heard = await client.heard((each) => each.name === "onStatus");
  return { client, code: statusCode(heard), words: JSON.stringify(heard.args) };
}

const started = "NetStream.Publish.Start";
const denied = "NetStream.Publish.Denied";

/** What one publisher is told, which then leaves. */
async function told(port: number, app: string, name: string): Promise<string> {
  const { client, code } = await publish(port, app, name);
  client.socket.destroy();
  return code;
}

test("the first start makes a key, says it once, ready to paste, and it is the one that publishes", async () => {
  await using server = serve();
  const port = await rtmpPort(server);
  const [, line] = await says(server, /Stream Key {3}(cam\?key=mr_[a-z2-9]{24})\n/);
  await says(server, new RegExp(`-f flv "rtmp://127.0.0.1:${port}/live/${line!.replace("?", "\\?")}"`));
  await says(server, /Publish keys are kept in data.publish-keys\.txt: "node \S+cli\.ts key" shows them\./);
  assert.equal(await told(port, "live", line!), started);
  assert.equal(await told(port, "live", "cam"), denied);
  assert.ok((await key()).includes(line!.replace("cam", "NAME")));
  assert.equal((await stat(join(home, "data/publish-keys.txt"))).mode & 0o777, 0o600);
  assert.ok(!keyPattern.test(server.stderr), "the log holds the key");
  await server.stop();
  await using again = serve();
  await says(again, new RegExp(line!.replace("?", "\\?")));
});

test("keys are added, rotated and removed beside a server that runs; who is on air stays", async () => {
  await using server = serve();
  const port = await rtmpPort(server);
  const [first] = await says(server, keyPattern);
  const bound = keyPattern.exec(await key("add", "live/cam"))![0];
  assert.equal(await told(port, "live", bound), started, "a bound key is the stream key");
  assert.equal(await told(port, "live", `cam?key=${bound}`), started);
  assert.equal(await told(port, "live", `other?key=${bound}`), denied);

  const onAir = await publish(port, "live", `show?key=${first}`);
  const second = keyPattern.exec(await key("rotate"))![0];
  assert.notEqual(second, first);
  assert.equal(await told(port, "live", `b?key=${first}`), denied, "the old key is worth nothing");
  assert.equal(await told(port, "live", `b?key=${second}`), started);
  assert.equal((await onAir.client.call("createStream", null)).name, "_result", "who was on air is there still");
  onAir.client.socket.destroy();

  const rotated = keyPattern.exec(await key("rotate", "live/cam"))![0];
  assert.deepEqual([await told(port, "live", bound), await told(port, "live", rotated)], [denied, started]);
  assert.match(await key("add", "live/own", "--key", "correct-horse"), /or own\?key=correct-horse\n/);
  assert.equal(await told(port, "live", "correct-horse"), started);
  assert.match(await key("remove", "live/own"), /^live\/own has no key any more\./);
  assert.equal(await told(port, "live", "correct-horse"), denied);
  const { stdout } = await millrace(["key"]).succeeded();
  assert.deepEqual(stdout.toString("utf8").match(/mr_[a-z2-9]{24}/g), [second, rotated, rotated]);
  for (const secret of [first, second, bound, rotated, "correct-horse"]) assert.ok(!server.stderr.includes(secret), "the log holds a key");
});

test("what the command cannot do it says, with exit code 2", async () => {
  const cases: [args: string[], words: RegExp][] = [
    [["key"], /^millrace: there is no key in data.publish-keys\.txt yet: the server makes one when it starts/],
    [["key", "ad", "live/cam"], /^millrace: there is no "key ad"; there is key, key add NAME/],
    [["key", "add"], /needs the name of a stream/],
    [["key", "rotate", "live/none"], /live\/none has no key; "key add live\/none" gives it one/],
    [["key", "remove", "live/none"], /live\/none has no key/],
    [["key", "add", "live/cam?x"], /Write the stream's name as the server knows it, without a query: live\/cam/],
    [["key", "add", "live/cam", "--key", "short"], /a key has at least 8 characters/],
    [["key", "--key", "long-enough"], /--key belongs to key add and key rotate/],
    [["start", "--key", "long-enough"], /millrace start takes no --key/],
    [["key", "add", "live/cam", "--data", cli], /cannot be read or written/],
  ];
  for (const [args, words] of cases) {
    const [code, said] = await failed(args);
    assert.equal(code, 2, said);
    assert.match(said, words);
  }
  await key("add", "live/cam");
  assert.match((await failed(["key", "add", "live/cam"]))[1], /live\/cam has a key; "key rotate live\/cam" gives it another/);
  assert.match(await key(), /every stream\n/, "a key for every stream was made along with the first that is bound");
  const text = await readFile(join(home, "data/publish-keys.txt"), "utf8");
  await writeFile(join(home, "data/publish-keys.txt"), text.split("\n").slice(0, 3).join("\n"));
  const [, only] = /^(?:#.*\n)+\S+ (\S+)/.exec(text)!;
  assert.equal(only, "*");
});

test("a damaged file stops the start and the command with its line, and stays as it is", async () => {
  const file = join(home, "data/publish-keys.txt");
  await mkdir(join(home, "data"));
  await writeFile(file, "# mine\nkey *\n");
  for (const args of [["--rtmp", "127.0.0.1:0", "--http", "127.0.0.1:0"], ["key"], ["key", "rotate"], ["key", "add", "live/x"]]) {
    const [code, words] = await failed(args);
    assert.deepEqual(
      [code, words],
      [2, `millrace: ${join("data", "publish-keys.txt")}:2: a key has at least 8 characters; mend the line or take it out\n`],
    );
  }
  assert.equal(await readFile(file, "utf8"), "# mine\nkey *\n");
});

test("the setting publishKey makes no file; a secret file gives it, and neither start text nor log of JSON hold it", async () => {
  const secret = join(home, "secret");
  await writeFile(secret, "correct-horse\n");
  await using server = serve([], { MILLRACE_PUBLISH_KEY_FILE: secret, MILLRACE_LOG_FORMAT: "json" });
  const port = await rtmpPort(server);
  await says(server, /The publish key is the setting publishKey/);
  assert.equal(await told(port, "live", "cam?key=correct-horse"), started);
  assert.equal(await told(port, "live", "cam?key=correct-cow"), denied);
  assert.equal(server.stdout.toString("utf8") + server.stderr.replaceAll("correct-cow", ""), server.stderr);
  assert.ok(!server.stderr.includes("correct-horse"));
  await assert.rejects(stat(join(home, "data")), { code: "ENOENT" });
  assert.match((await failed(["key", "rotate"], { MILLRACE_PUBLISH_KEY_FILE: secret }))[1], /is the setting publishKey: change it there/);
  assert.deepEqual(await failed(["check"], { MILLRACE_PUBLISH_KEY: "short" }), [
    2,
    "millrace: MILLRACE_PUBLISH_KEY: a key has at least 8 characters\n",
  ]);
});

test("where nothing can be written the start text has a key for this run, and says so", async () => {
  await writeFile(join(home, "data"), "in the way");
  await using server = serve();
  const port = await rtmpPort(server);
  const [found] = await says(server, keyPattern);
  await says(
    server,
    /No key can be kept: data.publish-keys\.txt cannot be written \(E\w+\)\. Name another folder with --data DIR, or set a key/,
  );
  assert.equal(await told(port, "live", `cam?key=${found}`), started);
  await using unread = serve(["--data", join(home, "data")], { MILLRACE_LOG_FORMAT: "json" });
  await says(unread, /Nobody can be told it here, so nobody can publish until then\./);
  assert.ok(!keyPattern.test(unread.stdout.toString("utf8") + unread.stderr));
});

test("in a journal the start text says how to see the key, and does not hold it", async () => {
  // As systemd names a service's own output; what merely inherits the variable is no service.
  const args = [cli, "--rtmp", "127.0.0.1:0", "--http", "127.0.0.1:0"].map((word) => `'${word}'`).join(" ");
  const service = `JOURNAL_STREAM=$(stat -Lc %d:%i journal) exec '${process.execPath}' ${args}`;
  await using server = start("/bin/sh", ["-c", `exec 1>journal; ${service}`], { cwd: home });
  await says(server, /"msg":"listening for HTTP"/);
  const journal = (): Promise<string> => readFile(join(home, "journal"), "utf8");
  while (!(await journal()).includes("Ctrl+C ends it")) await delay(20);
  assert.match(await journal(), /Stream Key {3}cam\?key=KEY\n/);
  assert.ok(!keyPattern.test((await journal()) + server.stderr));
  await using inherited = serve([], { JOURNAL_STREAM: "8:1234" });
  await says(inherited, /Stream Key {3}cam\?key=mr_/);
});

test("--no-auth lets everybody publish, says so, and makes no key", async () => {
  await using server = serve(["--no-auth"]);
  const port = await rtmpPort(server);
  await says(server, /Every program on this machine can publish and watch: keys are switched off \(--no-auth\)\./);
  await says(server, /Stream Key {3}cam\n/);
  assert.equal(await told(port, "live", "cam"), started);
  await assert.rejects(stat(join(home, "data")), { code: "ENOENT" });
});

test("the demo needs no key, and does not give its name away", async () => {
  await using server = serve(["--demo"]);
  const port = await rtmpPort(server);
  const [found] = await says(server, keyPattern);
  await says(server, /"msg":"on air"/);
  assert.equal(await told(port, "live", "demo"), denied);
  assert.equal(await told(port, "live", `demo?key=${found}`), "NetStream.Publish.BadName");
  assert.equal(await told(port, "api", `x?key=${found}`), "NetStream.Publish.BadName");
  const [, http] = await says(server, /"port":(\d+),"msg":"listening for HTTP"/);
  const list = (await (await fetch(`http://127.0.0.1:${http}/api/v1/refusals`)).json()) as { refusals: { code: string; stream: string }[] };
  assert.deepEqual(
    list.refusals.map(({ code, stream }) => `${code} ${stream}`),
    ["name-refused api/x", "busy live/demo", "denied live/demo"],
  );
});
