import type { Archive, ArchiveEntry, ArchiveReader } from "./archive.ts";
import type { Scheduler } from "./scheduler.ts";

/** Milliseconds that one read may take. A disk that is slower than that cannot be played from. */
export const DISK_PATIENCE = 10_000;

/** An archive of which nobody waits for a disk for ever: a read that takes too long has failed. */
export function patientArchive(archive: Archive, scheduler: Scheduler): Archive {
  return {
    get oldest() {
      return archive.oldest;
    },
    find: (time) => archive.find(time),
    open(from): ArchiveReader {
      const reader = archive.open(from);
      return { read: () => inTime(reader.read(), scheduler), close: () => reader.close() };
    },
  };
}

function inTime(reading: Promise<readonly ArchiveEntry[] | undefined>, scheduler: Scheduler): Promise<readonly ArchiveEntry[] | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = scheduler.after(DISK_PATIENCE, () => reject(new Error(`a read took more than ${DISK_PATIENCE} ms`)));
    reading.then(resolve, reject).finally(cancel);
  });
}
