// Reads every .mmd file of a folder with Mermaid's own parser.
//
//   npm ci && node check.mjs FOLDER
//
// Ends with 1 and the names of the files that Mermaid refuses, with 2 if there are none to read.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { JSDOM } from "jsdom";

const folder = process.argv[2];
if (folder === undefined) {
  console.error("usage: node check.mjs FOLDER");
  process.exit(2);
}
const files = readdirSync(folder).filter((name) => name.endsWith(".mmd")).sort();
if (files.length === 0) {
  console.error(`${folder} holds no .mmd file`);
  process.exit(2);
}

// Mermaid sanitises text with DOMPurify, which looks for a browser when it is loaded.
const { window } = new JSDOM("");
globalThis.window = window;
globalThis.document = window.document;
const { default: mermaid } = await import("mermaid");
mermaid.initialize({ startOnLoad: false, maxTextSize: 10_000_000, maxEdges: 1_000_000 });

let refused = 0;
for (const file of files) {
  try {
    const { diagramType } = await mermaid.parse(readFileSync(join(folder, file), "utf8"));
    if (diagramType !== "stateDiagram") {
      throw new Error(`read as ${diagramType}, not as a state diagram`);
    }
  } catch (error) {
    refused += 1;
    console.error(`${file}: ${error.message}`);
  }
}
console.log(`Mermaid reads ${files.length - refused} of ${files.length} drawings.`);
process.exit(refused === 0 ? 0 : 1);
