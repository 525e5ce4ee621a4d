import { Dictionary, FFmpegError, FormatContext } from "node-av/lib";

/** An input whose streams are known. Only for child programs. `options` are those of its protocol and format. Throws FFmpegError. */
export async function openedInput(url: string, options: Readonly<Record<string, string>>): Promise<FormatContext> {
  const context = new FormatContext();
  FFmpegError.throwIfError(await context.openInput(url, null, Dictionary.fromObject(options)), `open ${url}`);
  FFmpegError.throwIfError(await context.findStreamInfo(null), `read ${url}`);
  return context;
}
