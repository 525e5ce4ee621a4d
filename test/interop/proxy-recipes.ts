/** The recipes of docs/operate.md as configurations of real proxies: with ports and files of a test, else as they stand. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { freePort, run, type RunningProgram, start } from "../support/program.ts";
import type { Place } from "./place.ts";

/** A proxy before a place, and where it is reached. */
export interface Proxy {
  readonly program: RunningProgram;
  /** HTTPS. */
  readonly web: number;
  readonly rtmp?: number;
  readonly rtmps?: number;
  /** RTMP, handed on without a PROXY header. */
  readonly bare?: number;
  /** HTTP, handed on in TCP mode with a PROXY header. */
  readonly plainWeb?: number;
}

/** From here proxies connect over RTMP, so that their own address is told from that of their clients. */
export const proxyAddress = "127.0.0.2";

const page = readFileSync(new URL("../../docs/operate.md", import.meta.url), "utf8");

/** The code blocks below a heading. */
function recipes(heading: string, language: string): string[] {
  const section = page.split(/^### /m).find((text) => text.startsWith(`${heading}\n`));
  const blocks = [...(section ?? "").matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"))].map((match) => match[1]!);
  assert.ok(blocks.length > 0, `docs/operate.md has no recipe for ${heading}`);
  return blocks;
}

/** The text with parts replaced, each of which must be there. */
function adapted(text: string, replacements: readonly (readonly [from: string, to: string])[]): string {
  let result = text;
  for (const [from, to] of replacements) {
    assert.ok(result.includes(from), `the recipe lacks: ${from}`);
    result = result.replaceAll(from, to);
  }
  return result;
}

/** A certificate for 127.0.0.1 that nobody has signed. */
async function certificate(place: Place): Promise<{ readonly pem: string; readonly key: string; readonly both: string }> {
  const [pem, key, both] = [place.file("pem"), place.file("key"), place.file("pem")];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  await run("openssl", ["req", ...kind, ...subject, "-keyout", key, "-out", pem]);
  await writeFile(both, readFileSync(pem, "utf8") + readFileSync(key, "utf8"));
  return { pem, key, both };
}

export async function nginx(place: Place): Promise<Proxy> {
  const [web, rtmp, rtmps] = [await freePort(), await freePort(), await freePort()];
  const { pem, key } = await certificate(place);
  const files = [
    ["/etc/ssl/live.pem", pem],
    ["/etc/ssl/live.key", key],
  ] as const;
  const [http, stream] = recipes("nginx", "nginx");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${place.folder}/${name};`);
  const config = place.file("conf");
  const parts = [
    "include /etc/nginx/modules-enabled/*.conf;",
    `daemon off; master_process off; pid ${place.folder}/nginx.pid; error_log stderr warn; events {}`,
    `http { access_log off; ${temporary.join(" ")}`,
    adapted(http!, [["listen 443 ssl", `listen 127.0.0.1:${web} ssl`], ["127.0.0.1:8080", `127.0.0.1:${place.httpPort}`], ...files]),
    "}",
    adapted(stream!, [
      ["listen 1935;", `listen 127.0.0.1:${rtmp};`],
      ["listen 1936 ssl;", `listen 127.0.0.1:${rtmps} ssl;`],
      ["proxy_pass 127.0.0.1:11935;", `proxy_pass 127.0.0.1:${place.rtmpPort}; proxy_bind ${proxyAddress};`],
      ...files,
    ]),
  ];
  await writeFile(config, parts.join("\n"));
  const program = start("nginx", ["-e", "stderr", "-c", config], { stopSignal: "SIGTERM" });
  await Promise.all([web, rtmp, rtmps].map((port) => place.untilListens(port)));
  return { program, web, rtmp, rtmps };
}

export async function haproxy(place: Place): Promise<Proxy> {
  const [web, rtmp, bare, plainWeb] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const { both } = await certificate(place);
  const config = place.file("cfg");
  const [recipe] = recipes("HAProxy", "haproxy");
  const changes = [
    ["bind :443 ssl", `bind 127.0.0.1:${web} ssl`],
    ["bind :1935", `bind 127.0.0.1:${rtmp}`],
    ["127.0.0.1:8080", `127.0.0.1:${place.httpPort}`],
    ["127.0.0.1:11935 send-proxy-v2", `127.0.0.1:${place.rtmpPort} source ${proxyAddress} send-proxy-v2`],
    ["/etc/ssl/live-and-key.pem", both],
  ] as const;
  const tcp = (name: string, from: number, to: number, how: string): string =>
    `listen ${name}\n  mode tcp\n  bind 127.0.0.1:${from}\n  server millrace 127.0.0.1:${to} source ${proxyAddress}${how}\n`;
  const more = tcp("bare", bare, place.rtmpPort, "") + tcp("plain-web", plainWeb, place.httpPort, " send-proxy-v2 check");
  await writeFile(config, `global\n  maxconn 200\n\n${adapted(recipe!, changes)}\n${more}`);
  const program = start("haproxy", ["-db", "-f", config], { stopSignal: "SIGTERM" });
  await Promise.all([web, rtmp, bare, plainWeb].map((port) => place.untilListens(port)));
  return { program, web, rtmp, bare, plainWeb };
}

export async function caddy(place: Place): Promise<Proxy> {
  const web = await freePort();
  const config = place.file("caddyfile");
  const [recipe] = recipes("Caddy", "caddy");
  const site = adapted(recipe!, [
    ["live.example.org {", `https://127.0.0.1:${web} {\n  bind 127.0.0.1\n  tls internal`],
    ["127.0.0.1:8080", `127.0.0.1:${place.httpPort}`],
  ]);
  // The certificate is its own, and nobody gives it a name.
  await writeFile(config, `{\n  admin off\n  skip_install_trust\n  auto_https disable_redirects\n  default_sni 127.0.0.1\n}\n${site}`);
  const env = { XDG_DATA_HOME: place.folder, XDG_CONFIG_HOME: place.folder, HOME: place.folder };
  const program = start("caddy", ["run", "--adapter", "caddyfile", "--config", config], { stopSignal: "SIGTERM", env });
  await place.untilListens(web);
  return { program, web };
}
