import { expect, onTestFinished, test } from 'vitest';
import { createBucket } from '../../../../steps/lib/bucket.ts';
import { createLog } from '../../../../steps/lib/log.ts';
import { createNetwork } from '../../../../steps/lib/network.ts';
import { systemClock } from '../../../../steps/lib/retry.ts';
import { makeOrigin } from '../../../../steps/stage-model/source/make-origin.ts';
import { makeSource } from '../../../../steps/stage-model/source/make-source.ts';
import { keys, model, type Rig, startRig } from '../rig.ts';
import { collect, layDownload, makeFolder } from '../sources.ts';
import { commit, defaults } from '../staging.ts';

const files = { 'a.txt': 'a text of the model', 'sub/weights.bin': Buffer.from('0123456789'.repeat(500)) };

async function openTools(rig: Rig) {
  const log = createLog({ write: () => true, env: {}, step: 'stage-model' });
  const network = await createNetwork({ env: {}, log });
  onTestFinished(() => network.close());
  const s3Secret = {
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    AWS_S3_ENDPOINT: rig.bucket.url,
    AWS_S3_BUCKET: 'models',
    AWS_DEFAULT_REGION: 'us-east-1',
  };
  return { log, network, clock: systemClock, s3Secret };
}

test.each(['hub', 'folder', 'bucket'] as const)(
  'a %s is the same source when it is made again from its description',
  async (kind) => {
    const rig = await startRig({ files });
    onTestFinished(() => rig.close());
    const folder = await makeFolder();
    const tree = Object.fromEntries(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)]));
    await layDownload(folder, tree, commit);
    for (const [path, text] of Object.entries(files)) await rig.bucket.seed('models', `in/${path}`, text);
    const { s3Secret, ...tools } = await openTools(rig);
    const sources = { hub: 'hf://', folder: `file://${folder}`, bucket: 's3://models/in/' };
    const origin = makeOrigin({
      ...tools,
      params: { ...defaults, model, source: sources[kind], hfEndpoint: rig.hub.url },
      secrets: { s3Secret, hfSecret: undefined, sourceSecret: undefined },
      destination: createBucket({ ...tools, secret: s3Secret }),
    });
    const { signal } = new AbortController();
    const opened = await origin.open(signal);
    const { description } = opened.source;
    if (!description) throw new Error('no description');
    expect(description.kind).toBe(kind);
    const again = await makeSource(structuredClone(description), tools);
    expect(again.where).toBe(opened.source.where);
    expect(again.description).toEqual(description);
    for (const file of structuredClone(opened.files)) {
      const range = { start: 3, end: file.size };
      expect(await collect(again.read(file, range, signal))).toBe(
        tree[file.path]?.subarray(3).toString('latin1'),
      );
    }
  },
);
