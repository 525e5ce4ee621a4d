import { Hub, type HubOptions } from "../hub/hub.ts";
import type { Scheduler } from "../hub/scheduler.ts";
import type { Config } from "./config/schema.ts";
import type { Log } from "./log.ts";

/** The hub that settings ask for. @param keeper who keeps the streams of a name */
export function createHub({ hls, http, streams, viewers }: Config, log: Log, scheduler: Scheduler, keeper: HubOptions["keeper"]): Hub {
  return new Hub({
    scheduler,
    allocate: (length) => Buffer.allocUnsafeSlow(length),
    retention: { beforeNewestStart: streams.ringTime, maxBytes: streams.ringSize },
    segmentDuration: hls.enabled && http.enabled ? hls.targetDuration : undefined,
    grace: streams.gracePeriod,
    graceAfterUnpublish: streams.graceAfterUnpublish,
    takeover: streams.secondPublisher,
    silentAfter: streams.silentAfter,
    stallTimeout: viewers.stallTimeout,
    extraWait: viewers.extraWait,
    maxStreams: streams.max,
    maxWaiting: viewers.max,
    maxReplays: viewers.maxReplays,
    keeper,
    onFault: (err, stream) => log.error({ err, stream }, "an output failed"),
  });
}
