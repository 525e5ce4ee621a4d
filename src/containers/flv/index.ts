/**
 * `millrace/flv`: FLV files and streams (Video File Format 10.1 annex E, Enhanced RTMP v2) and AMF, in pieces of any size.
 * Pure: no sockets, no clock, nothing of Node, so that it runs in browsers too.
 */
export { ProtocolError, ProtocolErrorCode } from "../../bytes/protocol-error.ts";
export type { Demuxer, FrameSink, SourceFrame } from "../../media/demuxer.ts";
export { type Frame, Sap } from "../../media/frame.ts";
export { type Discontinuity, type MuxedChunk, type MuxedInit, type Muxer, type MuxerFactory, type MuxerSink } from "../../media/muxer.ts";
export { NotCarried } from "../../media/muxer.ts";
export { type AudioTrack, Codec, type DataTrack, type Generation, type Metadata, type MetadataValue } from "../../media/track.ts";
export { type Track, TrackKind, type VideoTrack } from "../../media/track.ts";
export { type AmfObject, type AmfValue, AmfEcmaArray, AmfTypedObject, AmfXml, amfObject, amfProperties } from "./amf-value.ts";
export { AmfDictionary, AmfVector, AmfVectorType } from "./amf-value.ts";
export { decodeAmf0All, encodeAmf0 } from "./amf0.ts";
export { FlvDemuxer } from "./demuxer.ts";
export { Signalling } from "./enhanced.ts";
export { flvMuxer } from "./muxer.ts";
export { type FlvFileHeader, FlvReader, type FlvReaderSink } from "./reader.ts";
export type { WantedKinds } from "./selection.ts";
export { fileHeader, type FlvTag, tagParts, TagType } from "./tag.ts";
export { TagDemuxer, TrackId } from "./tag-demuxer.ts";
export type { TagOptions } from "./tag-muxer.ts";
