import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readVocabulary, vocabulary, vocabularyPlaces } from '../../../steps/lib/vocabulary.ts';
import { knownEncodings } from '../../../steps/verify-tiktoken/known.ts';

const run = promisify(execFile);
/** Another interpreter can be named, for a machine whose own has no openai-harmony. */
const python = process.env['PYTHON'] ?? 'python3';
const missing = await run(python, ['-c', 'import openai_harmony']).then(
  () => undefined,
  (error: unknown) => (error instanceof Error ? error.message.trim().split('\n').at(-1) : 'unknown'),
);
if (missing !== undefined) console.log(`skipped: ${python} has no openai-harmony (${missing})`);

const program = `
import json, sys
from openai_harmony import HarmonyEncodingName, load_harmony_encoding
encoding = load_harmony_encoding(HarmonyEncodingName.HARMONY_GPT_OSS)
print(json.dumps([encoding.encode(text) for text in json.load(sys.stdin)]))
`;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harmony-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function encodeByHarmony(): Promise<unknown> {
  const running = run(python, ['-c', program], { env: { ...process.env, TIKTOKEN_ENCODINGS_BASE: folder } });
  running.child.stdin?.end(JSON.stringify(knownEncodings.map(({ text }) => text)));
  return JSON.parse((await running).stdout);
}

test.skipIf(missing !== undefined)(
  'what we prove is what openai-harmony opens, and it encodes the same',
  async () => {
    const exact = await readVocabulary(
      vocabularyPlaces(import.meta.resolve('../../../steps/lib/vocabulary.ts')),
    );
    await writeFile(join(folder, vocabulary.file), exact);
    expect(await encodeByHarmony()).toEqual(knownEncodings.map(({ ids }) => ids));
  },
);

test.skipIf(missing !== undefined)('what we refuse it refuses too', async () => {
  await writeFile(join(folder, vocabulary.file), 'IQ== 0\n');
  await expect(encodeByHarmony()).rejects.toThrow(/hash mismatch/);
});
