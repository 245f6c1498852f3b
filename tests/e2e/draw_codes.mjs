// Draws codes for the tests: [{"format", "text"}, …] on stdin, PNG files in base64 on stdout. With the writer that belongs to the decoder.
import { readFileSync } from "node:fs";

const zxing = new URL(
  "../../pwa/node_modules/zxing-wasm/dist/",
  import.meta.url,
);
const { prepareZXingModule, writeBarcode } = await import(
  new URL("es/writer/index.js", zxing)
);
const wasmBinary = new Uint8Array(
  readFileSync(new URL("writer/zxing_writer.wasm", zxing)),
).buffer;
await prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true });

const drawn = [];
for (const { format, text } of JSON.parse(readFileSync(0, "utf8"))) {
  const { error, image } = await writeBarcode(text, { format, scale: 4 });
  if (image === null) throw new Error(`${format}: ${error}`);
  drawn.push(Buffer.from(await image.arrayBuffer()).toString("base64"));
}
process.stdout.write(JSON.stringify(drawn));
