import { join } from "node:path";
import type { Disk } from "../storage/disk.ts";
import { DiskWindow } from "./disk-window.ts";
import { fileExtensions, RecordingFormat } from "./file-muxer.ts";
import { scanFlv } from "./scan-flv.ts";
import { scanMp4 } from "./scan-mp4.ts";
import { scanTs } from "./scan-ts.ts";
import type { ScannedFile } from "./scanned.ts";

/** The format that a name's end stands for. */
export function formatOfName(name: string): RecordingFormat | undefined {
  return Object.values(RecordingFormat).find((format) => name.endsWith(`.${fileExtensions[format]}`));
}

/** Reads a file of a recording, whatever state it is in. @throws what the disk throws */
export async function scanFile(disk: Disk, folder: string, path: string, format: RecordingFormat): Promise<ScannedFile> {
  const file = await disk.open(join(folder, path), "read");
  try {
    const { size } = await file.stat();
    const window = new DiskWindow(file, size);
    switch (format) {
      case "mp4":
        return await scanMp4(window);
      case "flv":
        return await scanFlv(window);
      case "mpegts":
        return await scanTs(window);
    }
  } finally {
    await file.close();
  }
}

/** Takes off a file's end what is not whole. @returns what is left of it */
export async function repairFile(disk: Disk, folder: string, path: string, format: RecordingFormat): Promise<ScannedFile> {
  const scanned = await scanFile(disk, folder, path, format);
  const { size } = await disk.stat(join(folder, path));
  if (scanned.size === size || scanned.facts === undefined) return scanned;
  const file = await disk.open(join(folder, path), "update");
  try {
    await file.truncate(scanned.size);
    await file.sync();
  } finally {
    await file.close();
  }
  return scanned;
}
