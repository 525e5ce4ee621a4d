import { randomBytes } from "node:crypto";

/** A secret that lets somebody publish. */
export interface PublishKey {
  readonly key: string;
  /** The one stream that it may publish; undefined: every stream. */
  readonly stream: string | undefined;
}

/** What begins every key that Millrace makes: people and programs recognise it, and whatever looks like it is masked. */
export const keyPrefix = "mr_";

/** 32 letters and digits, five bits each, none of which is read as another. */
const alphabet = "abcdefghijkmnpqrstuvwxyz23456789";
/** 120 bits. */
const randomLetters = 24;

/** Fewest and most characters of a key that somebody chose. */
const shortestKey = 8;
const longestKey = 128;
/** What a key may be, in a word or two. */
export const keyForm = `${shortestKey} to ${longestKey} letters, digits, - and _`;

/** Every key there can be. */
export const keyPattern = new RegExp(`^[A-Za-z0-9_-]{${shortestKey},${longestKey}}$`);

/** A new key: 120 random bits in letters that need no escape in a URL and are selected by one double click. */
export function newKey(): string {
  return keyPrefix + Array.from(randomBytes(randomLetters), (byte) => alphabet[byte % alphabet.length]).join("");
}

/** What is wrong with a key that somebody chose, without the key itself; undefined where nothing is. */
export function keyMistake(key: string): string | undefined {
  if (/[^A-Za-z0-9_-]/.test(key)) return "a key is made of letters, digits, - and _, so that it needs no escape in a URL";
  if (key.length < shortestKey) return `a key has at least ${shortestKey} characters`;
  if (key.length > longestKey) return `a key has at most ${longestKey} characters`;
  return undefined;
}

/** What stands in place of a key. */
const mask = `${keyPrefix}…`;

/** The text without keys: those given, and whatever looks like one of ours, percent-escaped too. */
export function withoutKeys(text: string, keys: readonly PublishKey[]): string {
  let masked = text;
  for (const { key } of keys) masked = masked.replaceAll(key, mask);
  return masked.replaceAll(/mr(?:_|%5f)[\w%-]{4,}/gi, mask);
}
