import { ProtocolError } from "../../bytes/protocol-error.ts";
import { amfObject, amfProperties, type AmfObject, type AmfValue } from "../../containers/flv/amf0.ts";
import { type AuthParameters, splitAuth } from "./adobe-auth.ts";
import { command, type Command } from "./command.ts";
import { information, StatusCode } from "./status.ts";

/** What a client says of itself in `connect` (RTMP 1.0 section 7.2.1.1, Enhanced RTMP v2 "Enhancing NetConnection"). */
export interface ConnectRequest {
  readonly transactionId: number;
  /** As sent, but for a login behind it: may hold a part of the stream's name and a query. */
  readonly app: string;
  /** As sent, but for a login behind it: may hold the query of the app. */
  readonly tcUrl: string;
  /** What the client says in order to log in. */
  readonly auth: AuthParameters | undefined;
  /** The password that was proved, or that stands in `tcUrl`. Never for logs. */
  readonly password: string | undefined;
  /** What the encoder or player calls itself, or "". */
  readonly agent: string;
  /** 3: the client would rather have AMF3. */
  readonly objectEncoding: 0 | 3;
  /** The properties by which the client spoke of Enhanced RTMP; empty if it did not. */
  readonly enhanced: AmfObject;
}

/** What a server of Enhanced RTMP answers for codecs: it passes them on. */
const canForward = 4;
const videoFourCcs = ["av01", "vp09", "vp08", "hvc1", "avc1", "vvc1"] as const;
const audioFourCcs = ["mp4a", "Opus", "fLaC", "ac-3", "ec-3", ".mp3"] as const;
/** `capsEx` bits that we keep: ModEx, and its nanosecond offset. Reconnect requests and multitrack are not offered. */
const keptCapabilities = 4 | 8;

/**
 * Reads the arguments of `connect`.
 *
 * @throws {ProtocolError} if there is no `app` or `tcUrl`: every client sends both, and whatever does not is none
 */
export function readConnect(request: Command): ConnectRequest {
  const properties = amfProperties(request.object) ?? amfObject();
  const { app, tcUrl, flashVer } = properties;
  if (typeof app !== "string") throw new ProtocolError("malformed", "connect without app");
  if (typeof tcUrl !== "string") throw new ProtocolError("malformed", "connect without tcUrl");
  const enhanced = amfObject();
  for (const key of ["fourCcList", "videoFourCcInfoMap", "audioFourCcInfoMap", "capsEx"]) {
    if (properties[key] !== undefined) enhanced[key] = properties[key];
  }
  const [inApp, inUrl] = [splitAuth(app), splitAuth(tcUrl)];
  return {
    transactionId: request.transactionId,
    app: inApp.rest,
    tcUrl: inUrl.rest,
    auth: inApp.auth ?? inUrl.auth,
    password: passwordIn(tcUrl),
    agent: typeof flashVer === "string" ? flashVer.slice(0, 200) : "",
    objectEncoding: properties["objectEncoding"] === 3 ? 3 : 0,
    enhanced,
  };
}

/** The password of `rtmp://user:password@host/`: most clients leave it out of what they send. */
function passwordIn(url: string): string | undefined {
  const password = /^rtmp\w{0,2}:\/\/[^/?#@:]{0,100}:([^/?#@]{1,200})@/i.exec(url)?.[1];
  try {
    return password && decodeURIComponent(password);
  } catch {
    return undefined;
  }
}

/** `_result` of `connect`. Says of Enhanced RTMP what was asked, in both objects: clients look in either. */
export function connectResult(request: ConnectRequest): Uint8Array {
  const enhanced = enhancedAnswer(request.enhanced);
  const properties = amfObject({ fmsVer: "FMS/3,5,7,7009", capabilities: 31, mode: 1, ...enhanced });
  const info = information(StatusCode.connectSuccess, "Connection succeeded.", { objectEncoding: request.objectEncoding, ...enhanced });
  return command(0, "_result", request.transactionId, properties, info);
}

/** `_error` of `connect`, with the reason in words. */
export function connectError(transactionId: number, description: string): Uint8Array {
  return command(0, "_error", transactionId, null, information(StatusCode.connectRejected, description));
}

function enhancedAnswer(asked: AmfObject): { [key: string]: AmfValue } {
  const answer: { [key: string]: AmfValue } = {};
  if (asked["fourCcList"] !== undefined) answer["fourCcList"] = [...videoFourCcs, ...audioFourCcs];
  if (asked["videoFourCcInfoMap"] !== undefined) answer["videoFourCcInfoMap"] = forwarding(videoFourCcs);
  if (asked["audioFourCcInfoMap"] !== undefined) answer["audioFourCcInfoMap"] = forwarding(audioFourCcs);
  const caps = asked["capsEx"];
  if (typeof caps === "number") answer["capsEx"] = caps & keptCapabilities;
  return answer;
}

function forwarding(fourCcs: readonly string[]): AmfValue {
  return amfObject(Object.fromEntries(fourCcs.map((fourCc) => [fourCc, canForward])));
}
