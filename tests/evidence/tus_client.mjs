// One upload by the official client for JavaScript. Told by the environment; says in JSON how it went.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const { Upload } = createRequire(`${process.cwd()}/pwa/`)('tus-js-client');
const told = JSON.parse(process.env.UPLOAD);
const offsets = [];
const outcome = await new Promise((resolve) => {
  const upload = new Upload(readFileSync(told.file), {
    endpoint: told.endpoint,
    headers: { Cookie: told.cookie },
    metadata: told.metadata,
    chunkSize: told.chunkSize ?? Infinity,
    retryDelays: Array(40).fill(100),
    onShouldRetry: () => true,
    uploadDataDuringCreation: told.withCreation ?? false,
    overridePatchMethod: told.overridePatch ?? false,
    onAfterResponse: (request, response) => {
      if (request.getMethod() === 'HEAD') offsets.push(Number(response.getHeader('Upload-Offset')));
    },
    onChunkComplete: (_size, accepted) => {
      if (told.abortAt !== undefined && accepted >= told.abortAt) {
        void upload.abort(true).then(() => resolve({ url: upload.url, aborted: accepted }));
      }
    },
    onSuccess: () => resolve({ url: upload.url }),
    onError: (problem) => resolve({ failed: String(problem) }),
  });
  upload.start();
});
console.log(JSON.stringify({ ...outcome, offsets }));
process.exit(0);
