import { describe, expect, test } from 'vitest';
import type { Findings } from '../../../steps/stage-model/bucket/findings.ts';
import {
  type Action,
  adaptPlan,
  type BucketState,
  carriesDigest,
  digestMetadata,
  leftovers,
  planActions,
  type StoredObject,
  type WantedFile,
} from '../../../steps/stage-model/plan.ts';
import { best } from './best-findings.ts';

const hex = 'a'.repeat(64);

function wanted(about: Partial<WantedFile> = {}): WantedFile {
  return { path: 'w', key: 'p/w', size: 100, digest: { algorithm: 'sha256', hex }, partSize: 40, ...about };
}

function object(about: Partial<StoredObject> = {}): StoredObject {
  return { key: 'p/w', size: 100, etag: 'e', metadata: { sha256: hex }, ...about };
}

function state(about: Partial<BucketState> = {}): BucketState {
  return { stored: new Map(), pending: new Map(), elsewhere: new Map(), ...about };
}

const parts = (...sizes: number[]) => sizes.map((size, i) => ({ partNumber: i + 1, etag: `e${i}`, size }));

describe('planActions', () => {
  const cases: readonly [string, BucketState, 'auto' | 'always', Partial<Action>][] = [
    ['nothing is there: it is moved', state(), 'auto', { kind: 'move', why: 'is not there' }],
    [
      'it is there with our hash: skipped',
      state({ stored: new Map([['p/w', object()]]) }),
      'auto',
      { kind: 'skip' },
    ],
    [
      'the same, and all is to be read back: proven',
      state({ stored: new Map([['p/w', object()]]) }),
      'always',
      { kind: 'prove', why: '--read-back=always' },
    ],
    [
      'it has the size without our hash: proven',
      state({ stored: new Map([['p/w', object({ metadata: {} })]]) }),
      'auto',
      { kind: 'prove', why: 'has the size, but not our hash in its metadata' },
    ],
    [
      'it has another hash: proven',
      state({ stored: new Map([['p/w', object({ metadata: { sha256: 'b'.repeat(64) } })]]) }),
      'auto',
      { kind: 'prove' },
    ],
    [
      'another commit has the bytes: copied',
      state({ elsewhere: new Map([['w', object({ key: 'q/w' })]]) }),
      'auto',
      { kind: 'copy', from: object({ key: 'q/w' }) },
    ],
    [
      'an upload is pending: goes on',
      state({ pending: new Map([['p/w', [{ uploadId: 'u', parts: parts(40, 40) }]]]) }),
      'auto',
      { kind: 'move', resume: { uploadId: 'u', parts: parts(40, 40) }, why: 'goes on after 2 parts' },
    ],
    [
      'of two uploads the fuller one goes on',
      state({
        pending: new Map([
          [
            'p/w',
            [
              { uploadId: 'u', parts: parts(40) },
              { uploadId: 'v', parts: parts(40, 40) },
            ],
          ],
        ]),
      }),
      'auto',
      { resume: { uploadId: 'v', parts: parts(40, 40) } },
    ],
    [
      'an upload with a part of another size is not gone on with',
      state({ pending: new Map([['p/w', [{ uploadId: 'u', parts: parts(50, 40) }]]]) }),
      'auto',
      { kind: 'move', why: 'is not there' },
    ],
    [
      'a part number beyond the file does not count',
      state({
        pending: new Map([['p/w', [{ uploadId: 'u', parts: [{ partNumber: 4, etag: 'e', size: 40 }] }]]]),
      }),
      'auto',
      { kind: 'move', why: 'is not there' },
    ],
    [
      'the last part has the rest',
      state({
        pending: new Map([['p/w', [{ uploadId: 'u', parts: [{ partNumber: 3, etag: 'e', size: 20 }] }]]]),
      }),
      'auto',
      { why: 'goes on after 1 part' },
    ],
  ];
  test.each(cases)('%s', (_title, state, readBack, expected) => {
    const [action] = planActions([wanted()], state, readBack);
    expect(action).toMatchObject({ file: wanted(), ...expected });
    if (!state.pending.size) expect(action).not.toHaveProperty('resume');
  });

  test('a file that one request holds does not go on with an upload', () => {
    const { partSize: _, ...file } = wanted();
    const pending = new Map([['p/w', [{ uploadId: 'u', parts: parts(100) }]]]);
    expect(planActions([file], state({ pending }), 'auto')[0]).not.toHaveProperty('resume');
  });

  test('the largest goes first', () => {
    const files = [
      wanted({ size: 1, path: 'a' }),
      wanted({ size: 3, path: 'b' }),
      wanted({ size: 2, path: 'c' }),
    ];
    expect(planActions(files, state(), 'auto').map(({ file }) => file.path)).toEqual(['b', 'c', 'a']);
  });
});

describe('adaptPlan', () => {
  const file: WantedFile = {
    path: 'w',
    key: 'p/w',
    size: 9,
    digest: { algorithm: 'sha256', hex: 'a'.repeat(64) },
  };
  const from = { key: 'q/w', size: 9, etag: 'e', metadata: {} };
  const copy: Action = { kind: 'copy', file, from, why: 'same bytes' };
  const begun = { ...copy, resume: { uploadId: 'u', parts: [] } };
  const resumed: Action = { kind: 'move', file, resume: { uploadId: 'u', parts: [] }, why: 'goes on' };
  const skip: Action = { kind: 'skip', file, why: 'is there' };
  const cases: readonly [string, Partial<Findings>, Action, Partial<Action>][] = [
    ['copies where the server copies', {}, copy, copy],
    ['copies where nobody knows', { copy: 'unknown' }, copy, copy],
    [
      'moves where it does not',
      { copy: false },
      copy,
      { kind: 'move', file, why: 'the server copies nothing' },
    ],
    [
      'moves where it does not, and goes on with what is there',
      { copy: false },
      begun,
      { kind: 'move', file, resume: begun.resume, why: 'the server copies nothing' },
    ],
    [
      'moves where it does neither, afresh',
      { copy: false, resume: false },
      begun,
      { kind: 'move', file, why: 'the server copies nothing' },
    ],
    ['goes on where parts are listed', {}, resumed, resumed],
    [
      'starts afresh where they are not',
      { resume: false },
      resumed,
      { kind: 'move', file, why: 'the server does not list parts' },
    ],
    ['keeps what is there', { copy: false, resume: false, proof: 'nothing' }, skip, skip],
  ];
  test.each(cases)('%s', (_title, findings, action, adapted) => {
    expect(adaptPlan([action], { ...best, ...findings })).toEqual([adapted]);
  });
});

test('metadata written is metadata believed, and nothing else is', () => {
  const file = wanted({ digest: { algorithm: 'git-sha1', hex: 'c'.repeat(40) } });
  expect(carriesDigest(object({ metadata: digestMetadata(file) }), file)).toBe(true);
  expect(carriesDigest(object({ metadata: digestMetadata(file), size: 99 }), file)).toBe(false);
  expect(carriesDigest(object({ metadata: { sha256: 'c'.repeat(40) } }), file)).toBe(false);
});

test('leftovers are keys that nobody wants, but not the folders that consoles make', () => {
  expect(leftovers(['p/w', 'p/old', 'p/folder/'], [wanted()])).toEqual(['p/old']);
});
