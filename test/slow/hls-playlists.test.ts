/** Playlists of many random publishers. */
import { testPlaylists } from "../support/hls-playlist-tests.ts";

testPlaylists(80);
