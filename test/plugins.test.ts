/** What a plug-in is, how it is set up, started and closed, and what it makes `publish()` read. */
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { afterEach, describe, it } from "node:test";
import { z } from "zod";
import type { DemuxerFormat, Plugin, PluginEntry } from "../src/index.ts";
import { plugin, turn, PluginServer } from "./support/plugin-server.ts";
import { toneTrack } from "./support/tone.ts";

const servers = new PluginServer();

afterEach(() => servers.close());

describe("what is a plug-in", () => {
  it("an object, a function that makes one, either with options; each is set up once for every server", () => {
    const seen: unknown[] = [];
    const noting = (name: string): Plugin => ({
      name,
      options: { parse: (value) => value },
      setup: ({ options, name: own }) => void seen.push([own, options]),
    });
    servers.make([noting("a"), () => noting("b"), { plugin: noting("c"), options: { x: 1 } }, { plugin: () => noting("d") }]);
    assert.deepEqual(seen, [
      ["a", {}],
      ["b", {}],
      ["c", { x: 1 }],
      ["d", {}],
    ]);
  });

  it("anything else is a mistake in the settings, all of them told at once", () => {
    const wrong = [
      undefined,
      "./file.js",
      {},
      { name: "Upper", setup: () => undefined },
      { name: "none" },
      { name: "odd", options: { parse: 1 }, setup: () => undefined },
      () => {
        throw new Error("not today");
      },
      { plugin: plugin(() => undefined, "bare"), options: {} },
      plugin(() => undefined, "twice"),
      plugin(() => undefined, "twice"),
    ] as unknown as PluginEntry[];
    assert.throws(
      () => servers.make(wrong),
      (error: Error) => {
        assert.equal(error.name, "ConfigError");
        assert.deepEqual(error.message.split("\n"), [
          "plugins.0: a plug-in is an object with name and setup, or a function that makes one, not a undefined",
          'plugins.1: a plug-in is an object with name and setup, or a function that makes one, not "./file.js"',
          "plugins.2: a plug-in's name is lower-case letters and digits with dashes between, not a undefined",
          'plugins.3: a plug-in\'s name is lower-case letters and digits with dashes between, not "Upper"',
          'plugins.4: the plug-in "none" has no function setup',
          'plugins.5: the options of the plug-in "odd" are neither a Standard Schema nor an object with a function parse',
          "plugins.6: the function that makes the plug-in failed: not today",
          'plugins.7.options: the plug-in "bare" takes no options',
          'plugins.9: a second plug-in "twice", besides plugins.8',
        ]);
        return true;
      },
    );
    assert.throws(() => servers.make("x" as unknown as PluginEntry[]), { message: 'plugins: must be a list, not "x"' });
  });

  it("options are read by a Standard Schema: zod's, for one", () => {
    const options = z.strictObject({ rate: z.number().default(5), list: z.array(z.object({ size: z.number() })).default([]) });
    const seen: { rate: number }[] = [];
    const typed: Plugin<z.output<typeof options>> = { name: "typed", options, setup: (each) => void seen.push(each.options) };
    servers.make([typed]);
    assert.deepEqual(seen, [{ rate: 5, list: [] }]);
    const wrong = { plugin: typed, options: { rate: "x", list: [{ size: 1 }, { size: "y" }] } };
    assert.throws(
      () => servers.make([wrong]),
      (error: Error) => {
        assert.deepEqual(
          error.message.split("\n").map((line) => line.split(": ")[0]),
          ["plugins.0.options.rate", "plugins.0.options.list.1.size"],
        );
        return true;
      },
    );
  });

  it("schemas that misbehave are mistakes too", () => {
    const later = { "~standard": { version: 1, vendor: "test", validate: () => Promise.reject(new Error("later")) } } as const;
    const cases: readonly (readonly [Plugin["options"], RegExp])[] = [
      [later, /options: the plug-in's schema does not answer at once/],
      [{ parse: () => JSON.parse("{") as unknown }, /options: Expected property name/],
      [
        {
          parse: () => {
            // oxlint-disable-next-line typescript/only-throw-error -- what a plug-in might do
            throw "text";
          },
        },
        /options: the plug-in threw a string/,
      ],
      [
        {
          parse: () => {
            throw Object.assign(new Error("must be small"), { path: ["a", 0] });
          },
        },
        /plugins\.0\.options\.a\.0: must be small/,
      ],
    ];
    for (const [options, words] of cases) {
      assert.throws(() => servers.make([{ name: "mine", options: options!, setup: () => undefined }]), words);
    }
  });
});

describe("the life of a plug-in", () => {
  it("is set up, started before a port is open, told of the end once", async () => {
    const heard: unknown[] = [];
    const made = servers.make([
      plugin((each) => {
        heard.push("setup", each.server === undefined);
        each.onStart(async () => {
          await turn();
          heard.push("start", each.server.address("http"));
        });
        each.onClose(() => void heard.push("close", each.signal.aborted));
      }),
    ]);
    await made.listen();
    await Promise.all([made.close(), made.close()]);
    assert.deepEqual(heard, ["setup", false, "start", undefined, "close", true]);
  });

  it("is told of the end also when the server never listened", async () => {
    let closed = 0;
    await servers.make([plugin((each) => each.onClose(() => void (closed += 1)))]).close();
    assert.equal(closed, 1);
  });

  it("a setup that fails makes no server, and closes those before it", async () => {
    const heard: string[] = [];
    const first = plugin((each) => each.onClose(() => void heard.push("closed")), "first");
    const failing = plugin(() => {
      throw new Error("no licence");
    });
    assert.throws(() => servers.make([first, failing]), {
      name: "PluginError",
      plugin: "mine",
      message: /"mine" failed in its setup: no licence/,
    });
    await turn();
    assert.deepEqual(heard, ["closed"]);
    const asynchronous = plugin(() => Promise.reject(new Error("later")) as unknown as undefined);
    assert.throws(() => servers.make([asynchronous]), { name: "PluginError", message: /its setup is asynchronous/ });
  });

  it("a start that fails keeps the server from listening; one that hangs is ended by close()", async () => {
    const failing = servers.make([plugin((each) => each.onStart(() => Promise.reject(new Error("no disk"))))]);
    await assert.rejects(failing.listen(), { name: "PluginError", message: /"mine" failed to start: no disk/ });
    assert.equal(failing.address("http"), undefined);
    const heard: string[] = [];
    const hanging = servers.make([
      plugin((each) => {
        each.onStart(() => new Promise(() => undefined));
        each.onClose(() => void heard.push("closed"));
      }),
    ]);
    const listening = assert.rejects(hanging.listen(), /closed while it opened its ports/);
    await turn();
    await hanging.close(50);
    await listening;
    assert.deepEqual(heard, ["closed"]);
  });

  it("a close that fails or hangs holds up nobody beyond the time that there is", async () => {
    const made = await servers.open([
      plugin((each) => each.onClose(() => Promise.reject(new Error("cannot"))), "failing"),
      plugin((each) => each.onClose(() => new Promise(() => undefined)), "hanging"),
    ]);
    await made.close(50);
    const failed = servers.faults(/failed to close/).map(({ plugin: name, err }) => [name, (err as Error).message] as const);
    assert.deepEqual(Object.fromEntries(failed), { failing: "cannot", hanging: "it took longer than 50 ms" });
  });
});

describe("a demuxer of a plug-in", () => {
  const lines: DemuxerFormat = {
    name: "lines",
    sniff: (head) => head[0] === 0x23,
    demuxer: (sink) => {
      sink.announce({ video: false, audio: true });
      sink.track(toneTrack);
      let dts = 0;
      return {
        push: (piece) =>
          sink.frame({
            track: piece[1] === 0x21 ? 9 : 1,
            dts: (dts += 20),
            pts: dts,
            sap: 1,
            discardable: false,
            data: new Uint8Array(piece),
          }),
        end() {},
      };
    },
  };

  it("is what publish() reads by its name, or by what it says of the first bytes", async () => {
    const made = servers.make([plugin((each) => each.addDemuxer(lines))]);
    for (const options of [{ format: "lines" }, {}]) {
      const frames = made.stream("live/a").frames({ from: "oldest" });
      const first = frames.next();
      await made.publish("live/a", Readable.from([Buffer.from("#1"), Buffer.from("#2")]), options);
      assert.equal(Buffer.from((await first).value!.data).toString(), "#1");
      await frames.return();
    }
    await assert.rejects(made.publish("live/a", Readable.from([]), { format: "none" }), /format is one of flv, .*, lines/);
  });

  it("is what is published over HTTP, by the end of its URL, its media type or its first bytes", async () => {
    const made = await servers.open([plugin((each) => each.addDemuxer({ ...lines, extensions: ["lines"], mimeTypes: ["text/x-lines"] }))], {
      auth: false,
    });
    const put = async (path: string, body: string, type = ""): Promise<[number, string | undefined]> => {
      const frames = made.stream("live/a").frames({ from: "oldest", wait: 1000 });
      const first = frames.next().catch(() => undefined);
      const { status } = await fetch(`${servers.base}/live/${path}`, { method: "PUT", body, headers: { "Content-Type": type } });
      if (status >= 300) return [status, undefined];
      return [status, Buffer.from((await first)!.value!.data).toString()];
    };
    assert.deepEqual(await put("a.lines", "#1"), [200, "#1"]);
    assert.deepEqual(await put("a", "#2", "text/x-lines; charset=x"), [200, "#2"]);
    assert.deepEqual(await put("a", "#3"), [200, "#3"]);
    assert.equal((await put("a", "#!"))[0], 500);
    assert.equal((await put("a", "FLV\x01\x05\0\0\0\x09"))[0], 422, "and ours is ours");
  });

  it("one that fails to look, or to begin, costs nobody else anything", async () => {
    const bug = (): never => {
      throw new Error("a bug");
    };
    const broken: DemuxerFormat = { name: "broken", sniff: bug, demuxer: bug };
    const made = servers.make([plugin((each) => [broken, lines].forEach((format) => each.addDemuxer(format)))]);
    await made.publish("live/a", Readable.from([Buffer.from("#1")]));
    await assert.rejects(made.publish("live/a", Readable.from([Buffer.from("#1")]), { format: "broken" }), /a bug/);
    assert.equal(servers.faults(/could not tell whether an input is its own/).length, 1);
  });

  it("what it tells is checked: a frame that is none ends that input only", async () => {
    const made = servers.make([plugin((each) => each.addDemuxer(lines))]);
    await assert.rejects(made.publish("live/a", Readable.from([Buffer.from("#!")]), { format: "lines" }), {
      name: "TypeError",
      message: "a frame of track 9, which there is not",
    });
  });
});
