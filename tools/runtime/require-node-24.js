// Loaded before a script by `node --import`, in plain JavaScript of ten years ago: whoever comes with an old Node gets a sentence instead of a
// syntax error. On Linux x64 and arm64 the scripts of a clone run on the Node 24 that `npm ci` installs; elsewhere on the one in the PATH.
const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  process.stderr.write(
    `Millrace needs Node.js 24 or newer; this is ${process.versions.node} (${process.execPath}).\n` +
      "On Linux x64 and arm64 `npm ci` brings it along: run this through npm. Elsewhere install it from https://nodejs.org/.\n",
  );
  process.exit(1);
}
