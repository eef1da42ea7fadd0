import { expect, test } from 'vitest';
import { createLog } from '../../../steps/lib/log.ts';
import { readSteadily } from '../../../steps/stage-model/read-steadily.ts';
import { refusal } from './memory-bucket.ts';

const lines: string[] = [];
const log = createLog({ write: (line) => lines.push(line), env: {}, step: 'stage-model' });

test.each([
  [0, 412, 'is read once', { result: 'bytes', readings: 1, warnings: 0 }],
  [2, 412, 'is read anew', { result: 'bytes', readings: 3, warnings: 2 }],
  [3, 412, 'is read anew, and not for ever', { result: 'failed', readings: 3, warnings: 2 }],
  [1, 403, 'is not read anew', { result: 'failed', readings: 1, warnings: 0 }],
])('an object whose reading fails %i times with %i %s', async (failures, status, _what, expected) => {
  lines.length = 0;
  let readings = 0;
  const reading = readSteadily('a/key', log, async () => {
    readings += 1;
    if (readings <= failures) throw refusal('Refused', status, 'a/key');
    return 'bytes';
  });
  const result = await reading.catch(() => 'failed');
  const warnings = lines.filter((line) => line.includes('replaced meanwhile') && line.includes('a/key'));
  expect({ result, readings, warnings: warnings.length }).toEqual(expected);
});
