import { afterEach, expect, test, vi } from 'vitest';
import { type DialectName, dialects } from '../../../sandbox/bucket/dialects.ts';
import type { Fault } from '../../../sandbox/bucket/faults.ts';
import { exitCodes } from '../../../steps/lib/errors.ts';
import { type Rig, startRig } from './rig.ts';
import { safetensors } from './staging.ts';

/** Only so that a hang ends; a busy machine takes many times what a quiet one does. */
vi.setConfig({ testTimeout: 180_000 });

const weights = safetensors(100_000);
const files = { 'config.json': '{"model_type":"llama"}', 'model.safetensors': weights };

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

test.each(Object.keys(dialects) as DialectName[])(
  'a model goes into %s, in parts, and again',
  async (dialect) => {
    rig = await startRig({ files, bucket: { dialect } });
    const outcome = await rig.run([], { partSize: 16_384 });
    expect(outcome.code, outcome.log).toBe(exitCodes.ok);
    expect(rig.bucket.requests.filter(({ operation }) => operation === 'UploadPart').length).toBeGreaterThan(
      6,
    );
    expect(await rig.text(`${rig.prefix}model.safetensors`)).toBe(weights.toString('latin1'));
    expect(rig.bucket.uploads('models')).toEqual([]);
    const again = await rig.run([], { partSize: 16_384 });
    expect(again.results).toEqual({ ...outcome.results, 'bytes-moved': '0', outcome: 'unchanged' });
  },
);

test.each(Object.keys(dialects) as DialectName[])(
  'a run goes on in %s where the one before was ended',
  async (dialect) => {
    const refused: Fault = {
      on: 'UploadPart',
      nth: 7,
      act: { kind: 'answer', status: 403, code: 'AccessDenied' },
    };
    rig = await startRig({ files, bucket: { dialect, faults: [refused] } });
    expect((await rig.run([], { partSize: 16_384 })).code).toBe(exitCodes.refused);
    const [pending] = rig.bucket.uploads('models');
    expect(pending?.parts).toBeGreaterThan(0);
    const outcome = await rig.run([], { partSize: 16_384 });
    expect(outcome.code, outcome.log).toBe(exitCodes.ok);
    expect(outcome.log).toContain('read-back="100.1 kB"');
    expect(Number(outcome.results['bytes-moved'])).toBeLessThan(weights.length);
    expect(await rig.text(`${rig.prefix}model.safetensors`)).toBe(weights.toString('latin1'));
  },
);
