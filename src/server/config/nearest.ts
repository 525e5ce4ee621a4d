/**
 * What somebody probably meant: the candidate fewest edits away, where an edit is a letter added, lost, changed or
 * swapped with its neighbour (Damerau–Levenshtein, optimal string alignment). Case and separators are not counted, so
 * that `log_level` finds `logLevel`. Undefined where nothing is near enough to be worth a guess.
 */
export function nearest(typed: string, candidates: readonly string[]): string | undefined {
  const wanted = plain(typed.slice(0, longest));
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const known = plain(candidate);
    const distance = editDistance(wanted, known);
    const allowed = Math.max(1, Math.floor(Math.max(wanted.length, known.length) / 3));
    if (distance <= allowed && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Characters of the typed word that are compared; no setting or flag is nearly as long. */
const longest = 64;

function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[-_.\s]/g, "");
}

/** Edits between two words; see `nearest`. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const changed = a[row - 1] === b[column - 1] ? 0 : 1;
      let cost = Math.min(above[column]! + 1, current[column - 1]! + 1, above[column - 1]! + changed);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, before[column - 2]! + 1);
      current.push(cost);
    }
    before = above;
    above = current;
  }
  return above[b.length]!;
}
