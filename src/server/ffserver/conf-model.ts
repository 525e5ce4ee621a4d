/** What an ffserver.conf says, as plain values. Nothing here is done by reading it: no name is looked up, no file is opened. */
import type { AclRow } from "./acl.ts";
import type { LavcCodec } from "./lavc.ts";

/** Where one of ffserver's two servers listens. */
export interface ConfListen {
  /** Undefined: it does not. */
  readonly port: number | undefined;
  /** IPv4 address or host name; `0.0.0.0` for all. */
  readonly host: string;
}

/** What one `<Feed>` says. */
export interface ConfFeed {
  /** Without a leading slash; matched exactly. */
  readonly name: string;
  /** Line of its opening tag. */
  readonly line: number;
  /** The ring file. */
  readonly file: string;
  /** The file is named, and not the one that ffserver took then. */
  readonly hasFile: boolean;
  /** The file is never made, written or deleted, and nobody may publish. */
  readonly readOnly: boolean;
  /** Bytes. */
  readonly maxSize: number;
  /** The file is emptied whenever an encoder begins. */
  readonly truncate: boolean;
  /** The words of `Launch`, without the feed's URL that ffserver put behind them; the first one names the program. Empty for none. */
  readonly launch: readonly string[];
  /** Who may publish, and read the feed itself. */
  readonly acl: readonly AclRow[];
}

/** An elementary stream as `<Stream>` asks for it: what the feed's encoder is told to make. */
export interface ConfEncoding {
  readonly codec: LavcCodec;
  /** What the encoder is told, by libavcodec's names, in the order it was said; defaults included. */
  readonly options: ReadonlyMap<string, string>;
  /** Bits per second; 0 where nothing says it. */
  readonly bitRate: number;
  /** Of audio; 0 where nothing says it, and for video. */
  readonly sampleRate: number;
  readonly channels: number;
  /** Of video; 0 where nothing says it, and for audio. */
  readonly width: number;
  readonly height: number;
  /** Of video: seconds that a picture lasts, as they are written (`1/25`); "" where nothing says it. */
  readonly timeBase: string;
  /** Of video: pictures from one key frame to the next. */
  readonly gop: number;
}

/** Where a stream comes from: a feed, a file, the server itself, or, by mistake, nowhere. */
export type ConfSource =
  | { readonly kind: "feed"; readonly feed: string }
  | { readonly kind: "file"; readonly path: string; readonly inputFormat: string | undefined }
  | { readonly kind: "status"; readonly faviconUrl: string | undefined }
  | { readonly kind: "none" };

/** What one `<Stream>` says. */
export interface ConfStream {
  /** Without a leading slash; matched exactly. */
  readonly name: string;
  readonly line: number;
  readonly source: ConfSource;
  /** FFmpeg's name of the muxer; undefined for a status page, and where neither `Format` nor the name says it. */
  readonly format: string | undefined;
  /** It ends after one picture (`Format jpeg`). */
  readonly singleFrame: boolean;
  /** Of a feed's stream: audio and video that its encoder makes. */
  readonly encodings: readonly ConfEncoding[];
  readonly metadata: ReadonlyMap<string, string>;
  /** Seconds before now at which a viewer starts. */
  readonly preroll: number;
  readonly startSendOnKey: boolean;
  /** Seconds after which a viewer is ended; 0 for never. */
  readonly maxTime: number;
  readonly acl: readonly AclRow[];
  /** A file of ACL lines that is read anew for every viewer. */
  readonly dynamicAcl: string | undefined;
  /** No dates and byte counts on the status page. */
  readonly bitExact: boolean;
  readonly multicast: { readonly host: string; readonly port: number | undefined; readonly ttl: number } | undefined;
  /** A file begins again at its end. */
  readonly loop: boolean;
}

/** What one `<Redirect>` says. */
export interface ConfRedirect {
  readonly name: string;
  readonly line: number;
  readonly url: string;
}

/** A whole ffserver.conf. */
export interface FfserverConf {
  readonly http: ConfListen;
  readonly rtsp: ConfListen;
  readonly maxHttpConnections: number;
  /** Connections of any kind at once. */
  readonly maxClients: number;
  /** Sum of the nominal bit rates of all viewers, in kbit/s. */
  readonly maxBandwidth: number;
  /** Path of the access log, `-` for standard output; undefined for none. */
  readonly customLog: string | undefined;
  readonly feeds: readonly ConfFeed[];
  readonly streams: readonly ConfStream[];
  readonly redirects: readonly ConfRedirect[];
}
