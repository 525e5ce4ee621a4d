import { encodeAmf0 } from "../../containers/flv/amf0.ts";
import type { Signalling } from "../../containers/flv/enhanced.ts";
import { TagMuxer, type TagWriter } from "../../containers/flv/tag-muxer.ts";
import { TagType } from "../../containers/flv/tag.ts";
import type { Container } from "../../hub/container-output.ts";
import type { MuxerFactory } from "../../media/muxer.ts";
import { chunkedParts } from "./chunk-writer.ts";
import { ChunkStreamId, MessageType } from "./message.ts";

/** What makes one run of RTMP bytes differ from another. All viewers who need the same share it. */
export interface RtmpVariant {
  /** Nearly every player uses message stream 1. */
  readonly messageStreamId: number;
  readonly signalling: Signalling;
  /** Form of data messages. */
  readonly data: "amf0" | "amf3";
  readonly audio: boolean;
  readonly video: boolean;
  /** Milliseconds of timeline time at wire time 0; only for a viewer who shares its bytes with nobody. */
  readonly epoch?: number;
}

/** The container as the hub shares it among viewers. */
export function rtmpContainer(variant: RtmpVariant): Container {
  const { messageStreamId, signalling, data, audio, video } = variant;
  const kinds = `${audio ? "a" : ""}${video ? "v" : ""}`;
  return { key: `rtmp:${signalling}:${data}:${kinds}:${messageStreamId}`, muxer: rtmpMuxer(variant) };
}

/**
 * Frames as RTMP messages: |RtmpSampleAccess, onMetaData and sequence headers as the init, then a message a chunk.
 * Each message begins with a full header, so that a viewer may start at any random-access point and other messages
 * may come between. A player goes on whatever changes: it is sent all headers anew.
 */
export function rtmpMuxer(variant: RtmpVariant): MuxerFactory {
  const writer = messageWriter(variant);
  return (sink) => new TagMuxer(variant, writer, sink);
}

function messageWriter({ messageStreamId: streamId, data }: RtmpVariant): TagWriter {
  const tag: TagWriter["tag"] = (type, timestamp, body) => {
    switch (type) {
      case TagType.audio:
        return chunkedParts(ChunkStreamId.audio, { type: MessageType.audio, timestamp, streamId }, body);
      case TagType.video:
        return chunkedParts(ChunkStreamId.video, { type: MessageType.video, timestamp, streamId }, body);
      case TagType.script:
        return data === "amf3"
          ? chunkedParts(ChunkStreamId.data, { type: MessageType.dataAmf3, timestamp, streamId }, [amf3Format, ...body])
          : chunkedParts(ChunkStreamId.data, { type: MessageType.dataAmf0, timestamp, streamId }, body);
    }
  };
  return { tag, opening: () => tag(TagType.script, 0, [sampleAccess]), goesOnAlways: true };
}

/** A data message in its AMF3 form is AMF0 values behind a format byte. */
const amf3Format = Uint8Array.of(0);
/** Tells Flash players that they may look into picture and sound. */
const sampleAccess = encodeAmf0("|RtmpSampleAccess", true, true);
