/** What is where in an FLV file (Video File Format 10.1, annex E). */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { FileWindow, type ReadAt } from "../../bytes/read-at.ts";
import { Reader } from "../../bytes/reader.ts";
import { indexOf } from "../../media/index-of.ts";
import { type MediaIndex, SampleFlag } from "../../media/media-index.ts";
import { SampleBudget } from "../../media/sample-collector.ts";
import type { Metadata } from "../../media/track.ts";
import { type AmfValue, decodeAmf0All } from "./amf0.ts";
import { type AudioItem, readAudioTag } from "./audio-tag.ts";
import { AudioFileLane, flagsOf, ScriptFileLane, VideoFileLane } from "./file-lane.ts";
import { ON_META_DATA, readMetadata } from "./metadata.ts";
import { readTagHeader, TAG_HEADER_SIZE, TAG_TRAILER_SIZE, type TagHeader, TagType } from "./tag.ts";
import { audioTrackId, MAX_TRACKS, TrackId, videoTrackId } from "./tag-demuxer.ts";
import { TimestampUnwrapper } from "./timestamps.ts";
import { readVideoTag, type VideoItem } from "./video-tag.ts";

/** Bytes of a tag's body that tell which frame of which track it is, unless it says more than that. */
const bodyHead = 64;
/** Tags of one file: a day of video and audio. */
const mostTags = 8_000_000;
/** Bytes of a script tag that is looked into. */
const largestScript = 1024 * 1024;
/** Bytes of a file header at most; it has 9 but may announce more. */
const longestHeader = 1024;
const shortestHeader = 9;

/**
 * Lists the frames of an FLV file by a walk over its tags: of most only the first bytes are looked at. A file may end anywhere:
 * what is whole is listed. Where a track gets another configuration the list ends.
 *
 * @param size bytes of the file
 * @throws ProtocolError for a file that is no FLV, or has no frames
 */
export async function indexFlv(read: ReadAt, size: number): Promise<MediaIndex> {
  return new FlvWalk(new FileWindow(read, size)).run();
}

type Lane = VideoFileLane | AudioFileLane | ScriptFileLane;

/** A tag's body, whole or its first bytes. */
interface Body {
  readonly bytes: Uint8Array;
  /** Bytes of the file before it. */
  readonly at: number;
  /** Bytes of all of it. */
  readonly size: number;
  readonly timestamp: number;
}

class FlvWalk {
  readonly #file: FileWindow;
  readonly #budget: SampleBudget;
  readonly #times = new TimestampUnwrapper();
  readonly #lanes = new Map<number, Lane>();
  #metadata: Metadata = {};
  #leftOut = "";

  constructor(file: FileWindow) {
    this.#file = file;
    this.#budget = new SampleBudget(file.size);
  }

  async run(): Promise<MediaIndex> {
    const file = this.#file;
    let at = await this.#begin();
    for (let tags = 0; at + TAG_HEADER_SIZE <= file.size && this.#leftOut === ""; tags++) {
      if (tags === mostTags) throw new ProtocolError("limit", `more than ${mostTags} tags in one file`);
      const head = file.peek(at, TAG_HEADER_SIZE) ?? (await file.whole(at, TAG_HEADER_SIZE));
      const tag = readTagHeader(new Reader(head));
      const body = at + TAG_HEADER_SIZE;
      if (body + tag.size > file.size) break; // a recording that was cut off
      if (tag.size > 0) await this.#tag(tag, body);
      at = body + tag.size + TAG_TRAILER_SIZE;
    }
    const found = [...this.#lanes.values()].filter(({ track }) => track !== undefined).map((lane) => lane.found);
    if (!found.some(({ samples }) => samples.count > 0)) throw new ProtocolError("truncated", "the file has no frames");
    return indexOf(found, this.#metadata, this.#leftOut);
  }

  /** Reads the header. @returns where the first tag begins */
  async #begin(): Promise<number> {
    const reader = new Reader(await this.#file.view(0, shortestHeader));
    if (reader.left < shortestHeader || reader.fourCc().slice(0, 3) !== "FLV")
      throw new ProtocolError("malformed", "not FLV: the signature is missing");
    reader.skip(1); // which tracks there are: it need not be true
    const length = reader.u32();
    if (length < shortestHeader || length > longestHeader) throw new ProtocolError("malformed", `FLV header of ${length} bytes`);
    return length + TAG_TRAILER_SIZE;
  }

  async #tag({ type, size, timestamp }: TagHeader, at: number): Promise<void> {
    if (type === TagType.video || type === TagType.audio) {
      const short = Math.min(size, bodyHead);
      const bytes = this.#file.peek(at, short) ?? (await this.#file.whole(at, short));
      const body = { bytes, at, size, timestamp };
      if (type === TagType.video ? this.#video(body) : this.#audio(body)) return;
      const whole = { ...body, bytes: await this.#file.whole(at, size) };
      void (type === TagType.video ? this.#video(whole) : this.#audio(whole));
    } else if (type === TagType.script) await this.#script(at, size, timestamp);
    else if (type === TagType.scriptAmf3 && size > 1) await this.#script(at + 1, size - 1, timestamp);
  }

  /** @returns false where all of the body is needed */
  #video(body: Body): boolean {
    const isWhole = body.bytes.length === body.size;
    if (!isWhole && isMultitrackVideo(body.bytes)) return false;
    for (const item of readVideoTag(body.bytes)) {
      if (item.kind !== "config" && item.kind !== "frame") continue;
      const id = videoTrackId(item.trackId);
      const lane = this.#lane(id, () => new VideoFileLane(this.#budget, id, item.trackId === 0));
      if (!(lane instanceof VideoFileLane)) continue;
      if (!isWhole && (item.kind === "config" || lane.track === undefined)) return false;
      if (item.kind === "config") {
        if (!lane.configure(item, this.#metadata)) this.#changes(id, body.at);
        continue;
      }
      if (lane.track === undefined) lane.learn(item, this.#metadata);
      if (lane.track?.codec === item.codec)
        lane.add(this.#times.unwrap(id, body.timestamp), placeOf(item, body), item.compositionTime, flagsOf(item.frameType));
    }
    return true;
  }

  /** @returns false where all of the body is needed */
  #audio(body: Body): boolean {
    const isWhole = body.bytes.length === body.size;
    if (!isWhole && isMultitrackAudio(body.bytes)) return false;
    for (const item of readAudioTag(body.bytes)) {
      if (item.kind !== "config" && item.kind !== "frame") continue;
      const id = audioTrackId(item.trackId);
      const lane = this.#lane(id, () => new AudioFileLane(this.#budget, id, item.trackId === 0));
      if (!(lane instanceof AudioFileLane)) continue;
      if (!isWhole && (item.kind === "config" || lane.track === undefined)) return false;
      if (item.kind === "config") {
        if (!lane.configure(item, this.#metadata)) this.#changes(id, body.at);
        continue;
      }
      if (lane.track === undefined) lane.learn(item);
      if (lane.track?.codec === item.codec) lane.add(this.#times.unwrap(id, body.timestamp), placeOf(item, body), 0, SampleFlag.sync);
    }
    return true;
  }

  async #script(at: number, size: number, timestamp: number): Promise<void> {
    if (size > largestScript) return;
    const [name, value] = valuesOf(await this.#file.whole(at, size));
    if (name === ON_META_DATA) this.#metadata = readMetadata(value);
    else if (typeof name === "string" && this.#lanes.size > 0) {
      const lane = this.#lane(TrackId.data, () => new ScriptFileLane(this.#budget));
      lane.add(this.#times.unwrap(TrackId.data, timestamp), { offset: at, size }, 0, SampleFlag.sync);
    }
  }

  #lane(id: number, make: () => Lane): Lane {
    const known = this.#lanes.get(id);
    if (known !== undefined) return known;
    if (this.#lanes.size === MAX_TRACKS) throw new ProtocolError("limit", `more than ${MAX_TRACKS} tracks`);
    const lane = make();
    this.#lanes.set(id, lane);
    return lane;
  }

  /** What is before would not be decoded with another configuration, nor what comes after without it. */
  #changes(id: number, at: number): void {
    this.#leftOut = `another configuration of track ${id} at byte ${at}`;
  }
}

/** None where they cannot be read: pictures and sound do not depend on them. */
function valuesOf(body: Uint8Array): AmfValue[] {
  try {
    return decodeAmf0All(body);
  } catch (error) {
    if (error instanceof ProtocolError) return [];
    throw error;
  }
}

/** Where a frame's payload is: all that follows in its tag, unless the tag has several. */
function placeOf({ data }: Extract<VideoItem | AudioItem, { kind: "frame" }>, { bytes, at, size }: Body): { offset: number; size: number } {
  const from = data.byteOffset - bytes.byteOffset;
  return { offset: at + from, size: bytes.length < size ? size - from : data.length };
}

/** The tag has several tracks, or something before its track of which the length is not known: Enhanced RTMP v2. */
function isMultitrackVideo([first = 0]: Uint8Array): boolean {
  return (first & 0x80) !== 0 && ((first & 15) === 6 || (first & 15) === 7);
}

function isMultitrackAudio([first = 0]: Uint8Array): boolean {
  return first >> 4 === 9 && ((first & 15) === 5 || (first & 15) === 7);
}
