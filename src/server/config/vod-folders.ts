import { z } from "zod";

/** Folders by the names that URLs have for them. */
export function vodFolders() {
  const error = "must be names with their folders, like { films: /srv/films }; a name is letters, digits, - and _";
  const name = z.string().regex(/^[A-Za-z\d][\w-]{0,63}$/, { error });
  return z.record(name, z.string({ error }).min(1).max(4096), { error }).meta({ form: "folders by name" });
}
