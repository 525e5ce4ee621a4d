/**
 * Reads bytes of a file from anywhere: `length` of them from `offset` on, or those that there are before its end. The
 * result is the caller's to keep.
 */
export type ReadAt = (offset: number, length: number) => Promise<Uint8Array>;
