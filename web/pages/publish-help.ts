import { copyField } from "./copy-field.ts";
import { element } from "./element.ts";
import type { ServerFacts } from "./facts.ts";
import { isLoopback, isProxied, keyPlaceholder, namePath, publishTarget, shownRoots, testPictureCommand } from "./stream-urls.ts";

/** How to publish `name`: for OBS and for FFmpeg. @param root under which this page was opened */
export function publishHelp(root: URL, server: ServerFacts, name: string): DocumentFragment {
  const help = new DocumentFragment();
  const { web, rtmp } = shownRoots(root, server);
  if (rtmp === undefined) {
    help.append(
      browserWay(name),
      element("p", {}, "RTMP is switched off on this server. Start it with ", element("code", {}, "--rtmp 1935"), " to publish by OBS."),
    );
    return help;
  }
  const target = publishTarget(rtmp, name, server.needsKey);
  help.append(
    element(
      "section",
      { class: "way" },
      element("h3", {}, "OBS Studio"),
      element("p", {}, "Settings › Stream › Service “Custom…”, then Start Streaming."),
      copyField("Server", target.server),
      copyField("Stream Key", target.key),
    ),
    element(
      "section",
      { class: "way" },
      element("h3", {}, "FFmpeg"),
      element("p", {}, "A test picture with a tone; needs no file."),
      copyField("Command", testPictureCommand(target.url)),
    ),
    browserWay(name),
  );
  for (const note of notes(web, server)) help.append(element("p", { class: "note" }, note));
  return help;
}

function browserWay(name: string): HTMLElement {
  return element(
    "section",
    { class: "way" },
    element("h3", {}, "This browser"),
    element("p", {}, "Camera, screen or microphone, without an encoder; over https, or on the server's own machine."),
    element("p", {}, element("a", { href: `publish/${namePath(name)}` }, `Publish ${name} from here`)),
  );
}

function notes(root: URL, server: ServerFacts): string[] {
  const all: string[] = [];
  if (server.rtmpUrl !== null) {
    // The operator has said where RTMP is.
  } else if (isLoopback(root)) {
    all.push(`An encoder on another machine needs this machine's address in place of ${root.hostname}.`);
  } else if (isProxied(root, server.httpPort)) {
    all.push(
      `The pages come through a proxy. RTMP does not: port ${server.rtmpPort} of ${root.hostname} has to lead to the server, or put the server's own address in its place.`,
    );
  }
  if (server.needsKey) {
    all.push(
      `Put the publish key in place of ${keyPlaceholder}: the server printed it when it started, and its command “millrace key” shows it. An encoder with fields for user and password takes any user, the key as the password, and “?login” behind the server.`,
    );
  }
  if (server.open) all.push("Keys are switched off: whoever reaches this server can publish and watch.");
  return all;
}
