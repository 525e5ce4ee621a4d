/** The ingest suite's media as an FLV stream, sent over whatever takes bytes. */
import { amfObject, encodeAmf0 } from "../../src/containers/flv/amf0.ts";
import { fileHeader, tagParts, TagType } from "../../src/containers/flv/tag.ts";
import { aacHeader, audioBody, videoBody } from "../support/rtmp-media.ts";
import type { TestPublisher } from "./ingest-bench.ts";
import { otherVideo, video } from "./media.ts";

export class FlvScript {
  readonly #send: (bytes: Uint8Array) => void;

  constructor(send: (bytes: Uint8Array) => void) {
    this.#send = send;
    send(fileHeader({ audio: true, video: true }));
  }

  publisher(connection: Pick<TestPublisher, "stop" | "vanish" | "closed">): TestPublisher {
    return {
      metadata: ({ video: hasVideo, audio: hasAudio }, title) => {
        const values = { ...(hasVideo && { videocodecid: 7 }), ...(hasAudio && { audiocodecid: 10 }), title };
        this.#tag(TagType.script, 0, encodeAmf0("onMetaData", amfObject(values)));
      },
      videoConfig: (which) => this.#tag(TagType.video, 0, Uint8Array.of(0x17, 0, 0, 0, 0, ...[video, otherVideo][which]!.config)),
      audioConfig: () => this.#tag(TagType.audio, 0, aacHeader),
      video: (time, isKey, mark) => this.#tag(TagType.video, time, videoBody(isKey, mark)),
      audio: (time, mark) => this.#tag(TagType.audio, time, audioBody(mark)),
      // A strict array of 2^32 - 1 values.
      offend: () => this.#tag(TagType.script, 0, Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff)),
      ...connection,
    };
  }

  #tag(type: TagType, time: number, body: Uint8Array): void {
    for (const part of tagParts(type, time % 2 ** 32, [body])) this.#send(part);
  }
}
