/** A request's URL as logs and pages may show it: no key, no password and no token in it. */
export function withoutKeysIn(url: string): string {
  return url.replace(/^(\w+:\/\/)[^/?#]*@/, "$1").replaceAll(/([?&](?:key|token|password|pass|secret)=)[^&#]*/gi, "$1-");
}
