import { TagDemuxer } from "../../containers/flv/tag-demuxer.ts";
import type { Publication } from "../../hub/publication.ts";
import { amfBody } from "./command.ts";
import { MessageType, type Message } from "./message.ts";

/** One message stream's publisher: hands its media and data messages to the hub. */
export class Publishing {
  /** The identity that was asked for. May be a secret: not for logs. */
  readonly asked: string;
  /** The identity that was granted. */
  readonly stream: string;
  readonly publication: Publication;
  readonly #demuxer: TagDemuxer;

  constructor(asked: string, stream: string, publication: Publication) {
    this.asked = asked;
    this.stream = stream;
    this.publication = publication;
    this.#demuxer = new TagDemuxer(publication);
  }

  /**
   * Takes a message of type audio, video or data; any other is none of its business.
   *
   * @throws {ProtocolError} if the body is not what its type says
   */
  message(message: Message): void {
    switch (message.type) {
      case MessageType.audio:
        return this.#demuxer.audio(message.timestamp, message.body);
      case MessageType.video:
        return this.#demuxer.video(message.timestamp, message.body);
      case MessageType.dataAmf0:
      case MessageType.dataAmf3:
        return this.#demuxer.data(message.timestamp, amfBody(message.type, message.body));
    }
  }
}
