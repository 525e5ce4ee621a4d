import type { FfmKind } from "../../containers/ffm/codec-id.ts";
import type { LineNotes } from "./conf-line.ts";
import { encoderCodec, encodersOf, isFlagOption, type LavcCodec } from "./lavc.ts";

/** Options of one stream; who writes more is mistaken. */
const maxOptions = 200;

/** Codec and options of one kind, audio or video, as the directives of a `<Stream>` say them one after the other. */
export class EncoderOptions {
  readonly kind: FfmKind;
  readonly options = new Map<string, string>();
  #codec: LavcCodec | undefined;

  constructor(kind: FfmKind) {
    this.kind = kind;
  }

  /** Undefined where no directive names an encoder. */
  get codec(): LavcCodec | undefined {
    return this.#codec;
  }

  /** `AudioCodec`, `VideoCodec` and the prefix of an option. */
  setEncoder(name: string, notes: LineNotes): void {
    const codec = encoderCodec(name);
    if (codec?.kind !== this.kind) {
      const meant = codec === undefined ? encodersOf(name) : [];
      notes.error(`Invalid codec name: '${name}'${meant.length > 0 ? `; encoders have names of their own: ${meant.join(", ")}` : ""}`);
    } else if (this.#codec !== undefined && this.#codec !== codec) {
      notes.error(`Inconsistent configuration: trying to set '${name}' codec option, but '${this.#codec.name}' codec is used previously`);
    } else this.#codec = codec;
  }

  /** Sets an option, of which only flags may be said twice, or the same again. */
  set(name: string, value: string, notes: LineNotes): void {
    if (value === "") return notes.error(`Invalid value for option ${name}: there is none`);
    const before = this.options.get(name);
    if (before === undefined && this.options.size >= maxOptions) return notes.error(`more than ${maxOptions} options of one stream`);
    if (before === undefined || before === value) this.options.set(name, value);
    else if (isFlagOption(name) && /^[+-]/.test(value)) this.options.set(name, before + value);
    else notes.error(`Redeclaring value of option '${name}'. Previous value was: '${before}'.`);
  }

  /** `AVOptionAudio` and `AVOptionVideo`: an option as FFmpeg's command line has it, with an encoder before it if it is that encoder's own. */
  setNamed(written: string, value: string, notes: LineNotes): void {
    const colon = written.indexOf(":");
    const name = written.slice(colon + 1);
    if (!/^[\w.-]{1,64}$/.test(name)) return notes.error(`Option not found: '${written}'`);
    if (colon >= 0) this.setEncoder(written.slice(0, colon), notes);
    this.set(name, value, notes);
  }
}
