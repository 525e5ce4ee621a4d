import { z } from "zod";

/** A listening address. `host` undefined means every interface, IPv4 and IPv6 (where it is set, "*"). Port 0 takes any free port. */
export interface ListenAddress {
  readonly host?: string;
  readonly port: number;
}

/** Reads `[HOST:]PORT`: `1935`, `127.0.0.1:1935`, `[::1]:1935`, `localhost:1935`, `*:1935`. Returns words where it cannot. */
export function parseListen(text: string): ListenAddress | string {
  const match = /^(?:(?:\[([^\]]*)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(text);
  if (!match) return listenMistake(text);
  const [, bracketed, plain, digits] = match;
  const port = Number(digits);
  if (port > 65535) return `port ${digits} is out of range: a port is 0 to 65535`;
  const host = bracketed ?? plain;
  if (host === undefined) return { port };
  if (bracketed !== undefined && !/^[0-9a-f:.]+(%[\w.-]+)?$/i.test(bracketed)) return `"${bracketed}" is no IPv6 address`;
  if (!/^(?:\*|[\w.:%-]{1,253})$/.test(host)) return `"${host}" is no host name or address`;
  return { host, port };
}

function listenMistake(text: string): string {
  if ((text.match(/:/g)?.length ?? 0) > 1 && !text.includes("[")) return `write an IPv6 address in brackets: "[::1]:1935"`;
  if (/^[\w.-]+$/.test(text) && !/^\d+$/.test(text)) return `"${text}" has no port: write HOST:PORT, or a port alone`;
  return `"${text}" is no listening address: write PORT, HOST:PORT or [IPv6]:PORT`;
}

/** The address as it is written in a command or a URL. */
export function formatListen({ host, port }: ListenAddress): string {
  return host === undefined ? String(port) : `${formatHost(host)}:${port}`;
}

/** A host as a URL wants it: IPv6 in brackets. */
export function formatHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** The address that a host and a port as they are set stand for. */
export function listenAddress({ host, port }: { readonly host: string; readonly port: number }): ListenAddress {
  return host === everyInterface ? { port } : { host, port };
}

const everyInterface = "*";

/** A host to listen on: `*`, a name, an IPv4 address or an IPv6 address without brackets. */
export function listenHost() {
  const error = 'must be an address, a host name or "*" for every interface; IPv6 goes in quotes and without brackets: "::1"';
  const form = /^(?:\*|[\w.-]{1,253}|(?=.*:.*:)[\da-fA-F:.]{2,45}(?:%[\w.-]{1,32})?)$/;
  return z.string({ error }).regex(form, { error }).meta({ form: 'address, name or `"*"`' });
}

/** A port to listen on. */
export function listenPort() {
  return z.int().min(0).max(65535);
}

/** An origin as browsers send it (`https://example.org`, `http://example.org:8000`), or `*`. */
export function origin() {
  return z.string({ error: "must be an origin in quotes" }).refine((text) => text === "*" || isOrigin(text), {
    error: `must be "*" or an origin without a path, like "https://example.org"`,
  });
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}
