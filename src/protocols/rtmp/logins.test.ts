import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { place } from "../../../test/support/rtmp-place.ts";
import { amfObject, amfProperties } from "../../containers/flv/amf0.ts";
import type { AccessRequest } from "../../hub/access.ts";
import type { Refusal } from "../../hub/refusal.ts";
import { askFor, canBeUser, needAuth, splitAuth } from "./adobe-auth.ts";
import type { ConnectRequest } from "./connect.ts";
import { Logins } from "./logins.ts";

const password = "mr_secret-of-the-house";
const md5 = (text: string): string => createHash("md5").update(text).digest("base64");

/** What an encoder appends, made of what the server said. */
function responseTo(description: string, secret: string, { opaque = true, mine = "c0ffee00" } = {}): string {
  const said = new Map(
    description
      .slice(description.indexOf("?") + 1)
      .split("&")
      .map((part) => part.split("=", 2) as [string, string]),
  );
  const [user, salt, challenge] = ["user", "salt", "challenge"].map((name) => said.get(name) ?? "");
  const response = md5(md5(`${user}${salt}${secret}`) + challenge + mine);
  return `?authmod=adobe&user=${user}&challenge=${mine}&response=${response}${opaque ? `&opaque=${said.get("opaque")}` : ""}`;
}

class Desk {
  now = 1000;
  refreshed = 0;
  passwords: readonly string[] = [password];
  readonly logins = new Logins({ refresh: () => void (this.refreshed += 1), all: () => this.passwords }, () => this.now);

  connect(app: string, { address = "192.0.2.1", tcUrl = `rtmp://host/${app}` } = {}) {
    return this.logins.answer(request(app, tcUrl), address);
  }

  /** The description of the challenge. */
  challenge(user = "anna", address = "192.0.2.1"): string {
    const answer = this.connect(`live?authmod=adobe&user=${user}`, { address });
    assert.ok(answer.kind === "refuse" && answer.failed === undefined);
    return answer.description;
  }
}

function request(app: string, tcUrl: string): ConnectRequest {
  const { rest, auth } = splitAuth(app);
  return {
    transactionId: 1,
    app: rest,
    tcUrl,
    auth,
    password: undefined,
    agent: "FMLE/3.0",
    objectEncoding: 0,
    enhanced: amfObject(),
  };
}

const goOn = { kind: "go-on" };
const asked = { kind: "refuse", description: needAuth };

test("what an encoder appends is read as it stands: base64 is not unescaped", () => {
  const { rest, auth } = splitAuth("live/x?a=1&authmod=adobe&user=an%20na&challenge=a+b/==&response=A+/z==&opaque=");
  assert.equal(rest, "live/x?a=1");
  assert.deepEqual(auth, { module: "adobe", user: "an%20na", challenge: "a+b/==", response: "A+/z==", opaque: "" });
  assert.deepEqual(splitAuth("live?x=authmod=adobe"), { rest: "live?x=authmod=adobe", auth: undefined });
  assert.equal(splitAuth(`live?authmod=adobe&user=${"x".repeat(1000)}`).auth?.user, "");
});

test("the challenge fits into what FFmpeg reads of a description, whatever the user", () => {
  const longest = "ü".repeat(32);
  assert.ok(canBeUser(longest) && Buffer.byteLength(askFor(longest, "0".repeat(12), "0".repeat(24))) < 256);
  for (const user of [`${longest}x`, "a&b", "a b", "a\n"]) assert.ok(!canBeUser(user), user);
});

test("who has the password gets in, whether or not it sends our challenge back by name", () => {
  for (const opaque of [true, false]) {
    const desk = new Desk();
    const answer = desk.connect(`live${responseTo(desk.challenge(), password, { opaque })}`);
    assert.deepEqual(answer, { kind: "go-on", password });
    assert.ok(desk.refreshed > 0);
  }
});

test("a wrong password, another's challenge, a late or a second answer do not", () => {
  const desk = new Desk();
  const failed = (app: string, address?: string) => {
    const answer = desk.connect(app, address === undefined ? {} : { address });
    assert.ok(
      answer.kind === "refuse" && answer.failed !== undefined && answer.description.includes("?reason=authfailed"),
      JSON.stringify(answer),
    );
  };
  failed(`live${responseTo(desk.challenge(), "guess")}`);
  const right = `live${responseTo(desk.challenge(), password)}`;
  failed(right, "192.0.2.2");
  failed(right.replace("user=anna", "user=bert"));
  assert.equal(desk.connect(right).kind, "go-on");
  failed(right);
  const late = `live${responseTo(desk.challenge(), password)}`;
  desk.now += 30_000;
  failed(late);
  failed("live?authmod=adobe&user=anna&challenge=x&response=x&opaque=never");
  failed("live?authmod=adobe&user=a%26b c&x=y".replace("%26", "\u0007"));
  desk.passwords = [];
  failed(`live${responseTo(desk.challenge(), password)}`);
});

test("challenges are bounded, for one address and for all", () => {
  const desk = new Desk();
  const first = desk.challenge("anna", "192.0.2.9");
  const others = Array.from({ length: 16 }, () => desk.challenge("anna", "192.0.2.1"));
  const one = others[0]!;
  desk.challenge("anna", "192.0.2.1");
  assert.equal(desk.connect(`live${responseTo(one, password)}`).kind, "refuse", "the oldest of the address is gone");
  assert.equal(desk.connect(`live${responseTo(others[1]!, password)}`).kind, "go-on");
  assert.equal(desk.connect(`live${responseTo(first, password)}`, { address: "192.0.2.9" }).kind, "go-on", "and nobody else's");
  const old = desk.challenge("anna", "192.0.2.1");
  for (let at = 0; at < 4200; at++) desk.challenge("anna", `10.0.${at >> 8}.${at & 255}`);
  assert.equal(desk.connect(`live${responseTo(old, password)}`).kind, "refuse");
});

test("only who connects to an address with the word login is asked, and nobody whose address has a key", () => {
  const desk = new Desk();
  for (const app of ["live?login", "live?login=1", "live?x=1&login"]) assert.deepEqual(desk.connect(app), asked, app);
  assert.deepEqual(desk.connect("live", { tcUrl: "rtmp://host/live?login" }), asked);
  for (const app of ["live", "live?logins", "login", "live?x=login", "live?login&key=K"]) assert.deepEqual(desk.connect(app), goOn, app);
  assert.deepEqual(desk.connect("live?login", { tcUrl: "rtmp://host/live?key=K" }), goOn);
  assert.deepEqual(desk.connect("live?authmod=llnw&user=anna"), asked, "another scheme is answered with ours");
});

test("any text behind an app is answered or lets the connect go on", () => {
  const piece = fc.oneof(fc.string(), fc.constantFrom("?authmod=adobe", "&user=", "&response=", "&opaque=", "&challenge=", "?login", "="));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const answer = new Desk().connect(`live${pieces.join("")}`);
      assert.ok(answer.kind === "go-on" ? answer.password === undefined : answer.description.startsWith("[ AccessManager.Reject ]"));
    }),
  );
});

test("on the wire: asked, asked again with a challenge, in with the password as the key", async () => {
  const requests: AccessRequest[] = [];
  const refused: string[] = [];
  const access = {
    publish(question: AccessRequest) {
      requests.push(question);
      return Promise.resolve({ stream: question.stream });
    },
    play: ({ stream }: AccessRequest) => Promise.resolve({ stream }),
  };
  const passwords = { refresh: () => undefined, all: () => [password] };
  const onRefused = ({ stream }: { stream: string }, { message }: Refusal) => void refused.push(`${stream}: ${message}`);
  await using server = await place({}, { access, passwords, onRefused });

  const description = async (app: string): Promise<string> => {
    const client = await server.client();
    const { name, args } = await client.connectApp(app);
    assert.equal(name, "_error");
    await client.closed;
    return JSON.stringify(amfProperties(args[0])?.["description"]).slice(1, -1);
  };
  assert.equal(await description("live?login"), needAuth);
  const wrong = responseTo(await description("live?login?authmod=adobe&user=anna"), "guess");
  assert.match(await description(`live?login${wrong}`), /\?reason=authfailed/);
  const response = responseTo(await description("live?login?authmod=adobe&user=anna"), password);
  const last = await server.client();
  await last.publish(`live?login${response}`, "cam");
  assert.deepEqual(
    requests.map(({ stream, key, query }) => [stream, key, query.toString()]),
    [["live/cam", password, "login="]],
    "nobody is told of the login's own words",
  );
  assert.deepEqual(refused, ["live: The login failed: the password is not a valid publish key."]);
  const player = await server.client();
  assert.equal((await player.connectApp("live")).name, "_result");
});

test("a password in tcUrl is a key", async () => {
  const keys: unknown[] = [];
  const access = {
    publish({ key, stream }: AccessRequest) {
      keys.push(key);
      return Promise.resolve({ stream });
    },
    play: ({ stream }: AccessRequest) => Promise.resolve({ stream }),
  };
  await using server = await place({}, { access });
  const client = await server.client();
  await client.connectApp("live", { tcUrl: "rtmp://anna:p%61ss@127.0.0.1/live" });
  client.command(await client.createStream(), "publish", null, "cam", "live");
  await client.status("NetStream.Publish.Start");
  assert.deepEqual(keys, ["pass"]);
});
