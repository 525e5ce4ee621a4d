/** Facts about an event, to be searched for. */
export type LogFields = { readonly [key: string]: unknown };

/** What a session says and to whom it says it: a pino logger fits. */
export interface RtmpLog {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** Says nothing. */
export const silentLog: RtmpLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
