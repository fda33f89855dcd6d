// Bundles src/ into dist/rt.js, the one file that pages load. With --check nothing is written:
// the committed bundle must be what the source builds, and small enough.
import { build } from "esbuild";
import { readFile, writeFile, mkdir } from "node:fs/promises";
import { brotliCompressSync, gzipSync } from "node:zlib";

const BUNDLE = new URL("dist/rt.js", import.meta.url);
const LARGEST_BROTLI = 6000;

const built = await build({
  absWorkingDir: new URL(".", import.meta.url).pathname,
  entryPoints: ["src/main.ts"],
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2019",
  charset: "ascii",
  legalComments: "none",
  write: false,
});
const code = built.outputFiles[0].contents;

const sizes = { raw: code.length, gzip: gzipSync(code, { level: 9 }).length, brotli: brotliCompressSync(code).length };
console.log(`rt.js: ${sizes.raw} bytes, gzip ${sizes.gzip}, brotli ${sizes.brotli} (limit ${LARGEST_BROTLI})`);

if (process.argv.includes("--check")) {
  const committed = await readFile(BUNDLE).catch(() => Buffer.alloc(0));
  if (!committed.equals(code)) fail("dist/rt.js is not what the source builds: run `npm run build` and commit it");
} else {
  await mkdir(new URL(".", BUNDLE), { recursive: true });
  await writeFile(BUNDLE, code);
}
if (sizes.brotli > LARGEST_BROTLI) fail("the bundle is too large");

function fail(why) {
  console.error(why);
  process.exit(1);
}
