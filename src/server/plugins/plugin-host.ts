import type { Access, AccessQuestion } from "../../hub/access.ts";
import type { Container } from "../../hub/container-output.ts";
import type { Hub } from "../../hub/hub.ts";
import { streamName } from "../../hub/identity.ts";
import { Refusal } from "../../hub/refusal.ts";
import type { ContainerRegistry } from "../containers/container-registry.ts";
import { containerFor } from "../containers/container-variant.ts";
import type { DemuxerRegistry } from "../containers/demuxer-registry.ts";
import type { Recordings } from "../recording/recordings.ts";
import { HubStreamHandle } from "../stream-handle.ts";
import { checkedMuxer } from "./checked-muxer.ts";
import type { ViewerHost } from "./peer-viewer.ts";
import { HubPeerPublisher, type PeerRequest } from "./peer-publisher.ts";
import { HubPeerViewer, type PlayOptions } from "./peer-viewer.ts";
import type { PluginServer } from "./plugin.ts";
import type { PluginRoutes } from "./plugin-routes.ts";

/** What of a server plug-ins are given. */
export interface PluginHost {
  readonly server: PluginServer;
  readonly hub: Hub;
  readonly recordings: Recordings;
  readonly access: Access;
  readonly containers: ContainerRegistry;
  readonly demuxers: DemuxerRegistry;
  readonly routes: PluginRoutes;
  /** Milliseconds to wait for a publisher. */
  readonly waitForPublisher: number;
  /** Takes a seat for a viewer and returns what gives it back. @throws {Refusal} `full` */
  readonly admit: () => () => void;
}

/** Lets a peer of a plug-in's publish. Rejects with a `Refusal`. */
export async function publishFor({ hub, access, demuxers }: PluginHost, plugin: string, peer: PeerRequest): Promise<HubPeerPublisher> {
  const question = questionOf(plugin, peer);
  const signal = signalOf(peer);
  let name = question.stream;
  try {
    ({ stream: name } = await access.publish({ ...question, signal }));
    signal.throwIfAborted();
    const { protocol, address, client } = question;
    const publication = hub.publish(name, { protocol, address, encoder: client });
    return new HubPeerPublisher(name, publication, demuxers, peer.signal);
  } catch (error) {
    throw error instanceof Refusal ? error.askedAs(question.stream, name) : error;
  }
}

/** Lets a peer of a plug-in's watch. Rejects with a `Refusal`, or with the signal's reason. */
export async function playFor(
  { hub, recordings, access, admit, waitForPublisher }: PluginHost,
  viewerHost: ViewerHost,
  peer: PeerRequest,
  { wait = waitForPublisher }: PlayOptions = {},
): Promise<HubPeerViewer> {
  const question = questionOf(viewerHost.plugin, peer);
  const signal = signalOf(peer);
  let name = question.stream;
  let release: (() => void) | undefined;
  try {
    ({ stream: name } = await access.play({ ...question, signal }));
    signal.throwIfAborted();
    release = admit();
    const stream = await hub.watch(name, wait, signal);
    return new HubPeerViewer(stream, new HubStreamHandle(hub, name, recordings), viewerHost, release, peer.signal);
  } catch (error) {
    release?.();
    throw error instanceof Refusal ? error.askedAs(question.stream, name) : error;
  }
}

/** What a plug-in's viewers take from the server. */
export function viewerHostOf({ containers }: PluginHost, plugin: string, log: ViewerHost["log"]): ViewerHost {
  return {
    plugin,
    log,
    container(name, query): Container {
      const format = containers.get(name);
      if (format === undefined)
        throw new TypeError(`there is no container "${name}"; there are ${containers.all.map((each) => each.name).join(", ")}`);
      const variant = containerFor(format, query);
      if (typeof variant === "string") throw new Refusal("name-refused", variant);
      return variant.container;
    },
    own: ({ key, muxer }) => ({ key: `plugin/${plugin}/${key}`, muxer: checkedMuxer(plugin, muxer) }),
  };
}

function questionOf(plugin: string, peer: PeerRequest): AccessQuestion {
  const { stream, address, key, query = new URLSearchParams(), headers = {}, client = "", protocol = plugin } = peer;
  return { stream: streamName(stream), address, key, query, headers, client, protocol };
}

function signalOf({ signal }: PeerRequest): AbortSignal {
  return signal ?? new AbortController().signal;
}
