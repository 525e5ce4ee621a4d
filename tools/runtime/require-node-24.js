// Loaded before a script by `node --import`, in plain JavaScript of ten years ago: whoever comes with an old Node gets a sentence instead of a
// syntax error. On Linux x64 and arm64 the scripts of a clone run on the Node 24 that `npm ci` installs; elsewhere on the one in the PATH.
const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  const comesAlong = process.platform === "linux" && (process.arch === "x64" || process.arch === "arm64");
  process.stderr.write(
    `Millrace needs Node.js 24 or newer; this is ${process.versions.node} (${process.execPath}).\n` +
      (comesAlong
        ? "`npm ci` brings it along: run that first, without --omit=optional and --ignore-scripts, and then this through npm.\n"
        : "Install it from https://nodejs.org/ and run this again.\n"),
  );
  process.exit(1);
}
