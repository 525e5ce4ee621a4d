import { element } from "./element.ts";

/** How long a button says that it has copied. Milliseconds. */
const praiseFor = 2000;

/** A text to be copied: what it is, the text itself, a button. */
export function copyField(label: string, text: string, hint = ""): HTMLElement {
  const code = element("code", {}, text);
  const status = element("span", { "aria-live": "polite" }, "Copy");
  const button = element("button", { type: "button", class: "copy-button", "aria-label": `Copy ${label}` }, status);
  let timer = 0;
  const tell = (copied: boolean): void => {
    status.textContent = copied ? "Copied" : "Selected: press Ctrl+C";
    button.classList.toggle("done", copied);
    button.removeAttribute("aria-label");
    window.clearTimeout(timer);
    timer = window.setTimeout(() => {
      status.textContent = "Copy";
      button.setAttribute("aria-label", `Copy ${label}`);
      button.classList.remove("done");
    }, praiseFor);
  };
  button.addEventListener("click", () => void copyText(text, code).then(tell));
  const name = element("span", { class: "copy-label" }, label);
  if (hint !== "") name.append(" ", element("small", {}, hint));
  return element("div", { class: "copy-field" }, name, code, button);
}

/** The clipboard is there for https and localhost only; on a plain LAN address the text is selected and copied the old way. */
async function copyText(text: string, shown: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const selection = window.getSelection();
    selection?.selectAllChildren(shown);
    // oxlint-disable-next-line typescript/no-deprecated -- without https there is no other way to the clipboard
    return document.execCommand("copy");
  }
}
