import { FileReplays } from "../../hub/file-replay.ts";
import type { Hub } from "../../hub/hub.ts";
import type { Log } from "../log.ts";
import { MediaLibrary } from "./media-library.ts";
import { VodFolders } from "./vod-folders.ts";

/** Files of media, and all that shows them. */
export class Vod {
  readonly folders: VodFolders;
  readonly library: MediaLibrary;
  readonly replays: FileReplays;

  /** @param folders by the names that URLs have for them */
  constructor(folders: Readonly<Record<string, string>>, hub: Hub, log: Log) {
    this.folders = new VodFolders(folders);
    this.library = new MediaLibrary(log);
    this.replays = new FileReplays(hub);
  }
}
