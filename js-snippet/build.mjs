// Bundles src/ into dist/: rt.js, the one file that pages load, and head.js, the optional inline snippet. With --check
// nothing is written: the committed files must be what the source builds, and small enough.
import { parse } from "acorn";
import { build } from "esbuild";
import { readFile, writeFile, mkdir } from "node:fs/promises";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { minify as compress } from "@swc/core";
import { minify } from "terser";

const BUNDLES = [
  { name: "rt.js", source: "src/main.ts", largestBrotli: 6000 },
  { name: "head.js", source: "src/head.ts", largestBrotli: 560 },
];
// Fields of the snippet's own records: neither the contract, nor the browser, nor a page knows them.
const OWN_FIELDS = /^isShown$/;
const isCheck = process.argv.includes("--check");

for (const { name, source, largestBrotli } of BUNDLES) {
  const code = await bundle(source);
  const sizes = { raw: code.length, gzip: gzipSync(code, { level: 9 }).length, brotli: brotliCompressSync(code).length };
  console.log(`${name}: ${sizes.raw} bytes, gzip ${sizes.gzip}, brotli ${sizes.brotli} (limit ${largestBrotli})`);

  const file = new URL(`dist/${name}`, import.meta.url);
  if (isCheck) {
    const committed = await readFile(file).catch(() => Buffer.alloc(0));
    if (!committed.equals(code)) fail(`dist/${name} is not what the source builds: run \`npm run build\` and commit it`);
  } else {
    await mkdir(new URL(".", file), { recursive: true });
    await writeFile(file, code);
  }
  if (sizes.brotli > largestBrotli) fail("the bundle is too large");
}

/** esbuild makes one file of the modules; swc and terser, which see different things, make it small. */
async function bundle(source) {
  const built = await build({
    absWorkingDir: new URL(".", import.meta.url).pathname,
    entryPoints: [source],
    bundle: true,
    format: "iife",
    target: "es2021",
    charset: "ascii",
    write: false,
    // Whoever wants to be strict says so in every file; modules are, and nothing here depends on it.
    tsconfigRaw: { compilerOptions: { alwaysStrict: false, verbatimModuleSyntax: true } },
  });
  const compressed = await compress(built.outputFiles[0].text, {
    ecma: 2020,
    toplevel: true,
    compress: { passes: 4, toplevel: true, sequences: 0, unsafe_arrows: true, unsafe_methods: true, pure_getters: true, keep_fargs: false, ecma: 2020 },
    mangle: { toplevel: true },
    format: { asciiOnly: true },
  });
  const { code } = await minify(arrows(compressed.code), {
    ecma: 2020,
    toplevel: true,
    compress: { passes: 4, unsafe: true, unsafe_arrows: true, unsafe_methods: true, pure_getters: true, keep_fargs: false },
    mangle: { properties: { regex: OWN_FIELDS } },
    format: { ascii_only: true },
  });
  // The block keeps every name from the page.
  return Buffer.from(`{${code.replace(/\b(const|var) /g, "let ")}}`);
}

/**
 * Writes the functions of the bundle as arrows, in one list of variables with all else that it declares, and without the
 * function around it: one way to declare things packs better than two. Nothing here is called before the line that declares it
 * has run, and no variable begins with what a statement between does.
 */
function arrows(code) {
  const [{ expression }] = parse(code, { ecmaVersion: 2022 }).body;
  if (!expression) return code;
  const text = ({ start, end }) => code.slice(start, end);
  const declare = node => {
    if (node.type === "VariableDeclaration") return node.declarations.map(text);
    return `${node.id.name}=${node.async ? "async " : ""}(${node.params.map(text)})=>${text(node.body)}`;
  };
  const { body } = expression.callee.body;
  const isDeclaration = ({ type }) => type.endsWith("Declaration");
  const declarations = body.filter(isDeclaration).flatMap(declare);
  const statements = body.filter(node => !isDeclaration(node)).map(text);
  return [...declarations.map(one => `var ${one}`), ...statements].join(";");
}

function fail(why) {
  console.error(why);
  process.exitCode = 1;
}
