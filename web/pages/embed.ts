/** The player alone, for an iframe. */
import { byId } from "./element.ts";
import { createPlayer } from "./live-player.ts";
import { playerQuery } from "./player-query.ts";
import { namePath, pageAddress } from "./stream-urls.ts";

const { name, query } = pageAddress(location.href, document.baseURI);
const { muted, controls, rest } = playerQuery(query);

document.title = `${name} - Millrace`;
byId("screen").append(createPlayer({ src: namePath(name) + rest, muted, controls }));
