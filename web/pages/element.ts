export { element } from "../player/dom.ts";

/** Sets a text only when it changes: screen readers and selections notice nothing else. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * An element of the page's own HTML.
 *
 * @throws Error where the HTML and the script do not fit
 */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}
