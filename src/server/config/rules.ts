import { resolve } from "node:path";
import type { Remark } from "./renamed.ts";
import type { Config } from "./schema.ts";

/**
 * What is wrong between settings that each are right. A rule stands here and not in the schema, because settings come from
 * several places and are checked one place at a time; only together can they break a rule.
 */
export function rulesBroken(config: Config): Remark[] {
  return rules.flatMap((rule) => rule(config) ?? []);
}

const rules: readonly ((config: Config) => Remark | undefined)[] = [s3Place, samePort, sameFeedFile];

function s3Place({ recording: { s3 } }: Config): Remark | undefined {
  const missing = (["bucket", "accessKey", "secretKey"] as const).find((key) => !s3[key]);
  if (s3.endpoint === "" || missing === undefined) return undefined;
  return { path: ["recording", "s3", missing], message: "is needed where recording.s3.endpoint is set" };
}

function samePort({ rtmp, http }: Config): Remark | undefined {
  if (!rtmp.enabled || !http.enabled || rtmp.port === 0 || rtmp.port !== http.port) return undefined;
  if (rtmp.host !== http.host && rtmp.host !== "*" && http.host !== "*") return undefined;
  return { path: ["http", "port"], message: `${http.port} is the port of RTMP too (rtmp.port)` };
}

function sameFeedFile({ feeds }: Config): Remark | undefined {
  const taken = new Map<string, string>();
  for (const [name, { file }] of Object.entries(feeds)) {
    if (file === undefined) continue;
    const path = resolve(file);
    const other = taken.get(path);
    if (other !== undefined) return { path: ["feeds", name, "file"], message: `${file} is the file of the feed ${other} too` };
    taken.set(path, name);
  }
  return undefined;
}
