/** Publish keys in every spelling, from real encoders; and what a server that was used in all these ways has let out of them. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { makeClip } from "../support/clip.ts";
import { type RunningProgram, run } from "../support/program.ts";
import { RtmpClient } from "../support/rtmp-client.ts";
import { type ServerProgram, startServerWith } from "../support/server-program.ts";
import * as publishers from "./publishers.ts";

const cli = fileURLToPath(new URL("../../src/cli.ts", import.meta.url));
const own = "correct-horse-battery";
/** Bytes of C0, C1 and C2. */
const afterHandshake = 1 + 2 * 1536;
const wrong = "mr_222222222222222222222222";

let home: string;
let clip: string;
let server: ServerProgram;
/** The key for every stream, and the one that is bound to live/bound. */
let general: string;
let bound: string;
/** Everything that anybody but the owner of a key was told. */
const heard: string[] = [];

before(async () => {
  home = await mkdtemp(join(tmpdir(), "millrace-keys-"));
  // Published in real time, again and again.
  clip = await makeClip({ seconds: 0.2 });
  const env = { MILLRACE_LOG_FORMAT: "json", MILLRACE_VIEWERS_WAIT_FOR_PUBLISHER: "200ms" };
  server = await startServerWith({ cwd: home, env }, "--log-level", "trace");
  general = (await key())[0]!;
  bound = (await key("add", "live/bound"))[0]!;
  await key("add", "live/own", "--key", own);
});

after(async () => {
  await server.program.stop();
  await rm(home, { recursive: true, force: true });
});

async function key(...args: readonly string[]): Promise<string[]> {
  const { stdout } = await run(process.execPath, [cli, "key", ...args], { cwd: home });
  return stdout.toString("utf8").match(/mr_[a-z2-9]{24}/g) ?? [];
}

const url = (rest: string, user = ""): string => `rtmp://${user}127.0.0.1:${server.rtmp}/${rest}`;

/** Publishes the clip under a URL; resolves with the names that were on air meanwhile. */
async function onAir(program: RunningProgram): Promise<string[]> {
  const from = server.program.stderr.length;
  await using publisher = program;
  const { code, stderr } = await publisher.finished;
  const names = [...server.program.stderr.slice(from).matchAll(/"stream":"([^"]+)"[^\n]*"msg":"RTMP publisher started"/g)];
  if (code === 0) return names.map(([, name]) => name!);
  assert.deepEqual(names, []);
  return [`refused: ${stderr}`];
}

const encoders = [publishers.ffmpeg5, publishers.ffmpeg8];

describe("a key in every spelling", () => {
  for (const encoder of [...encoders, publishers.gstreamer]) {
    it(`${encoder.name}: behind the name, behind the app, escaped, bound and alone`, async () => {
      const escaped = Array.from(general, (letter) => `%${letter.charCodeAt(0).toString(16)}`).join("");
      for (const [rest, stream] of [
        [`live/cam?key=${general}`, "live/cam"],
        [`live/cam?x=1&key=${general}`, "live/cam"],
        [`live?key=${general}/cam`, "live/cam"],
        [`live/cam?key=${escaped}`, "live/cam"],
        [`live/bound?key=${bound}`, "live/bound"],
        [`live/${bound}`, "live/bound"],
        [`live/${own}`, "live/own"],
      ] as const) {
        // GStreamer takes a query for its own and leaves it out of the app.
        if (encoder === publishers.gstreamer && rest.startsWith("live?")) continue;
        assert.deepEqual(await onAir(encoder.publish(clip, url(rest))), [stream], rest.replaceAll(/mr_\w+/g, "KEY"));
      }
    });
  }

  for (const encoder of [...encoders, publishers.gstreamer]) {
    it(`${encoder.name}: as the password of any user, at once where the address asks for it`, async () => {
      assert.deepEqual(await onAir(encoder.publish(clip, url("live?login/cam", `anna:${general}@`))), ["live/cam"]);
      assert.deepEqual(await onAir(encoder.publish(clip, url("live?login/bound", `x:${bound}@`))), ["live/bound"]);
      const [refused] = await onAir(encoder.publish(clip, url("live?login/cam", `anna:${wrong}@`)));
      assert.match(
        refused!,
        encoder === publishers.gstreamer ? /^refused: / : /Incorrect username\/password|Operation not permitted|Unknown error/,
      );
      const [other] = await onAir(encoder.publish(clip, url("live?login/cam", `anna:${bound}@`)));
      assert.match(other!, /^refused: /, "a key that is bound publishes nothing else");
    });
  }

  for (const encoder of encoders) {
    it(`${encoder.name}: wrong, empty and missing keys are refused`, async () => {
      for (const rest of [
        `none/cam?key=${wrong}`,
        "none/cam?key=",
        `none/${wrong}`,
        `none/${general}`,
        `live/other?key=${bound}`,
        "none/cam",
      ]) {
        const [told] = await onAir(encoder.publish(clip, url(rest)));
        assert.match(told!, /^refused: /, rest.replaceAll(/mr_\w+/g, "KEY"));
        if (!rest.includes(general) && !rest.includes(bound)) heard.push(told!);
      }
      assert.match((await onAir(encoder.publish(clip, url("none/cam", `anna:${general}@`))))[0]!, /^refused: [^]*(\?login|denied|error)/i);
      assert.deepEqual(await onAir(encoder.publish(clip, url(`none/cam?key=${general}`))), ["none/cam"], "put right, it gets in at once");
    });
  }

  it("an encoder says nothing of its password before it is asked: that is why the address has to", async () => {
    const firstWords = async (user: string): Promise<string> => {
      await using tap = await Tap.open(server.rtmp);
      const publisher = publishers.ffmpeg5.publish(clip, `rtmp://${user}127.0.0.1:${tap.port}/tap/cam?key=${wrong}`);
      await publisher.finished;
      // Behind the handshake, up to the answer.
      const [said = ""] = tap.sent.subarray(afterHandshake).toString("latin1").split("releaseStream");
      // Between its chunks of 128 bytes is a byte that may stand in the port.
      return said.replaceAll("\u00c3", "").replace(String(tap.port), "PORT");
    };
    const [withPassword, without] = [await firstWords("anna:secret@"), await firstWords("")];
    assert.match(without, /connect.*tcUrl.*PORT/s);
    assert.equal(withPassword, without);
  });
});

/** A way to the server that keeps what a client says first. */
class Tap implements AsyncDisposable {
  readonly #server = createServer((client) => this.#pass(client));
  readonly #to: number;
  sent = Buffer.alloc(0);

  private constructor(to: number) {
    this.#to = to;
  }

  static async open(to: number): Promise<Tap> {
    const tap = new Tap(to);
    tap.#server.listen(0, "127.0.0.1");
    await once(tap.#server, "listening");
    return tap;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  #pass(client: Socket): void {
    const onward = connect(this.#to, "127.0.0.1");
    client.on("data", (bytes: Buffer) => (this.sent = Buffer.concat([this.sent, bytes])));
    client.pipe(onward).pipe(client);
    for (const socket of [client, onward]) socket.on("error", () => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

it("playing the name of a bound key gives nothing away, while its stream is on air too", async () => {
  await using publisher = publishers.ffmpeg5.publish(await makeClip({ seconds: 20 }), url(`live/${bound}`));
  await server.program.said(/"stream":"live\/bound"[^\n]*"msg":"RTMP publisher started"/);
  const told = async (name: string): Promise<string> => {
    const client = await RtmpClient.connect(server.rtmp);
    await client.connectApp("live");
    // From a position of 0: it does not wait.
    client.command(await client.createStream(), "play", null, name, 0);
    const { args } = await client.heard((each) => each.name === "onStatus");
    client.socket.destroy();
    return JSON.stringify(args).replaceAll(name, "NAME");
  };
  assert.equal(await told(bound), await told(wrong));
  const over = async (name: string): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${server.http}/live/${name}.flv`, { method: "HEAD" });
    return `${response.status} ${JSON.stringify([...response.headers].filter(([each]) => each !== "date"))}`.replaceAll(name, "NAME");
  };
  assert.equal(await over(bound), await over(wrong));
  await publisher.stop();
});

it("the list of refused attempts tells who was refused and why, to this machine alone and to who has the key", async () => {
  const list = `http://127.0.0.1:${server.http}/api/v1/refusals`;
  const near = await fetch(list, { headers: { Origin: "https://elsewhere.example" } });
  assert.equal(near.headers.get("access-control-allow-origin"), null, "no page of another site reads it here");
  const { refusals } = (await near.json()) as { refusals: { [key: string]: unknown }[] };
  const reasons = refusals.map(({ intent, protocol, stream, code, reason, address }) =>
    [intent, protocol, stream, code, address, reason].join(" "),
  );
  for (const expected of [
    "publish rtmp none/cam denied 127.0.0.1 This is not a valid publish key.",
    "publish rtmp live/other denied 127.0.0.1 This key publishes another stream.",
    "publish rtmp live denied 127.0.0.1 The login failed: the password is not a valid publish key.",
  ]) {
    assert.ok(reasons.includes(expected), `${expected}\n${reasons.join("\n")}`);
  }
  assert.ok(reasons.some((line) => line.startsWith("publish rtmp none/mr_… denied")));
  heard.push(JSON.stringify(refusals));
  const far = (headers: Readonly<Record<string, string>>) => fetch(list, { headers: { "X-Forwarded-For": "192.0.2.1", ...headers } });
  for (const authorization of ["", `Bearer ${wrong}`, `Bearer ${bound}`, `Basic ${btoa(`x:${bound}`)}`]) {
    const answer = await far({ Authorization: authorization });
    assert.equal(answer.status, 401);
    heard.push(await answer.text());
  }
  assert.equal((await far({ Authorization: `Bearer ${general}` })).status, 200);
  assert.equal((await far({ Authorization: `Basic ${btoa(`x:${general}`)}` })).headers.get("access-control-allow-origin"), "*");
});

it("no key is in the log, a page, the API or what other peers were told", async () => {
  const base = `http://127.0.0.1:${server.http}`;
  const paths = [
    "",
    "watch/live/bound",
    "embed/live/bound",
    "api/v1/streams",
    "api/v1/openapi.json",
    "api/v1/config-schema.json",
    "api/v1/nothing",
  ];
  const paths2 = ["assets/index.js", "assets/watch.js", "live/bound.flv?key=x", "health", "nothing"];
  for (const path of [...paths, ...paths2]) {
    const response = await fetch(`${base}/${path}`, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(15_000) });
    heard.push(JSON.stringify([...response.headers]), await response.text());
  }
  // Rotated keys are secrets still, for as long as an encoder has them.
  const [rotated] = await key("rotate", "live/bound");
  assert.match((await onAir(publishers.ffmpeg5.publish(clip, url(`live/${bound}`))))[0]!, /^refused: /);
  heard.push(await (await fetch(`${base}/api/v1/refusals`)).text());
  await server.program.stop();
  const { stdout, stderr } = await server.program.finished;
  const everything = [stdout.toString("utf8"), stderr, ...heard];
  assert.ok(everything.join("").length > 20_000);
  for (const [at, text] of everything.entries()) {
    for (const secret of [general, bound, rotated!, own]) {
      for (const spelling of [secret, encodeURIComponent(secret), secret.replace("_", "%5F"), btoa(secret), btoa(`x:${secret}`)]) {
        assert.ok(!text.toLowerCase().includes(spelling.toLowerCase()), `text ${at} holds a key: ${text.slice(0, 300)}`);
      }
    }
  }
});
