/** Playlists of a few random publishers; test/slow has more of them. */
import { testPlaylists } from "./support/hls-playlist-tests.ts";

testPlaylists(4);
