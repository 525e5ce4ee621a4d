import type { FileKind, FileLibrary } from "../../hub/file-library.ts";
import { type FilePlace, FileReplays, type RecordedFile } from "../../hub/file-replay.ts";
import type { Hub } from "../../hub/hub.ts";
import type { Replay } from "../../hub/replay.ts";
import type { Log } from "../log.ts";
import { MediaLibrary } from "./media-library.ts";
import { readVodName, vodName } from "./vod-address.ts";
import { type VodFile, VodFolders } from "./vod-folders.ts";

/** Files of media, and all that shows them. */
export class Vod implements FileLibrary {
  readonly folders: VodFolders;
  readonly #library: MediaLibrary;
  readonly #replays: FileReplays;

  /** @param folders by the names that URLs have for them */
  constructor(folders: Readonly<Record<string, string>>, hub: Hub, log: Log) {
    this.folders = new VodFolders(folders);
    this.#library = new MediaLibrary(log);
    this.#replays = new FileReplays(hub);
  }

  async open(name: string, kind: FileKind): Promise<RecordedFile> {
    const file = await this.folders.openMedia(readVodName(name), kind ?? "flv");
    try {
      return await this.recorded(file);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** What is in a file, which goes over to who asked where there is something. @throws {ProtocolError} */
  async recorded(file: VodFile): Promise<RecordedFile> {
    const index = await this.#library.index(file);
    const { size, read } = file;
    return { name: vodName(file.address), index, size, read, utc: file.modified - index.durationMs, close: () => void file.close() };
  }

  view(file: RecordedFile, place: FilePlace): Replay {
    return this.#replays.view(file, place);
  }
}
