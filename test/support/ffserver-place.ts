/** A server of ours with the settings of an ffserver.conf, as `millrace -f` has them, on a free port. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSettings } from "../../src/server/cli/read-settings.ts";
import { silentLog } from "../../src/server/log.ts";
import { type ComposedServer, createServerFrom } from "../../src/server/server.ts";

export class FfserverPlace implements AsyncDisposable {
  readonly server: ComposedServer;
  readonly folder: string;
  readonly #kept: AsyncDisposable[] = [];

  private constructor(server: ComposedServer, folder: string) {
    this.server = server;
    this.folder = folder;
  }

  /** @param conf its text, in which FOLDER stands for a folder of the test's own */
  static async open(conf: string, settings: Readonly<Record<string, unknown>> = {}): Promise<FfserverPlace> {
    const folder = await mkdtemp(join(tmpdir(), "millrace-ffserver-"));
    const file = join(folder, "ffserver.conf");
    await writeFile(file, `HTTPPort 8090\nHTTPBindAddress 127.0.0.1\n${conf.replaceAll("FOLDER", folder)}`);
    const given = Object.entries({ "http.port": 0, "viewers.waitForPublisher": "20s", ...settings });
    const flags = given.map(([key, value]) => ({ path: key.split("."), value, place: { kind: "flag", name: key } as const }));
    const { config } = await readSettings({ ffserver: file, settings: flags }, {});
    const server = createServerFrom(config, silentLog(), {});
    await server.listen();
    return new FfserverPlace(server, folder);
  }

  /** Ends something with the server. */
  keep(program: AsyncDisposable): void {
    this.#kept.push(program);
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.server.address("http")!.port}/${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#kept) await program[Symbol.asyncDispose]();
    await this.server.close(0);
    await rm(this.folder, { recursive: true });
  }
}
