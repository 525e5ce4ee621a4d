import assert from "node:assert/strict";
import { test } from "node:test";
import { addressRange, publicUrl } from "./network-values.ts";

test("public URLs are read in one spelling", () => {
  const web = publicUrl(["https", "http"], true);
  const cases: [written: string, read: string][] = [
    ["", ""],
    ["https://live.example.org", "https://live.example.org/"],
    ["https://Live.example.org:443/media", "https://live.example.org/media/"],
    ["http://[2001:db8::1]:8080/a/b/", "http://[2001:db8::1]:8080/a/b/"],
  ];
  for (const [written, read] of cases) assert.equal(web.parse(written), read);
  assert.equal(publicUrl(["rtmp", "rtmps"], false).parse("rtmp://live.example.org:1936"), "rtmp://live.example.org:1936/");
  assert.equal(publicUrl(["rtmp", "rtmps"], false).parse("rtmps://live.example.org/"), "rtmps://live.example.org/");
});

test("what is no public URL is answered with one that is", () => {
  const wrong = ["live.example.org", "ftp://x/", "https://", "https://user:key@x/", "https://x/?a", "https://x/#a", "rtmp://x/"];
  for (const text of wrong)
    assert.match(told(publicUrl(["https", "http"], true), text), /must be a URL like "https:\/\/live\.example\.org\/media"/);
  for (const text of ["rtmp://x/live", "http://x/"]) assert.match(told(publicUrl(["rtmp"], false), text), /without a path/);
});

test("what is no range is answered with what is", () => {
  assert.match(told(addressRange(), "proxy.example"), /must be an IP address, a range like "10\.0\.0\.0\/8", or loopback or private/);
  assert.equal(addressRange().parse("private"), "private");
});

function told(
  type: { safeParse(value: unknown): { error?: { issues: readonly { message: string }[] } | undefined } },
  text: string,
): string {
  return type.safeParse(text).error?.issues[0]?.message ?? `${text} was taken`;
}
