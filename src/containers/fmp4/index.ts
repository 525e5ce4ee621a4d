/**
 * `millrace/fmp4`: live fragmented MP4 (ISO/IEC 14496-12, CMAF), written from frames and read in pieces of any size.
 * Pure: no sockets, no clock, nothing of Node, so that it runs in browsers too.
 */
export { ProtocolError, ProtocolErrorCode } from "../../bytes/protocol-error.ts";
export type { Demuxer, FrameSink, SourceFrame } from "../../media/demuxer.ts";
export { type Frame, Sap } from "../../media/frame.ts";
export { type Discontinuity, type MuxedChunk, type MuxedInit, type Muxer, type MuxerFactory, type MuxerSink } from "../../media/muxer.ts";
export { NotCarried } from "../../media/muxer.ts";
export { type AudioTrack, Codec, type DataTrack, type Generation, type Metadata, type MetadataValue } from "../../media/track.ts";
export { type Track, TrackKind, type VideoTrack } from "../../media/track.ts";
export type { Box } from "./box-reader.ts";
export { carriedByFmp4 } from "./carried.ts";
export { Fmp4Demuxer } from "./demuxer.ts";
export type { DescribedTrack, Description, LeftOut } from "./description.ts";
export type { ProducerReference } from "./fragment.ts";
export { fmp4Init, fmp4Timescale, type MediaTrack } from "./init.ts";
export { fmp4Muxer, type Fmp4Options } from "./muxer.ts";
export type { MovieFragment, ReadSample, TrackFragment } from "./read-moof.ts";
export { configBox, initForTrack, type Movie, type MovieTrack, type SampleDefaults } from "./read-moov.ts";
export { type Fmp4Event, Fmp4Reader, type FragmentEvent, type InitEvent } from "./reader.ts";
