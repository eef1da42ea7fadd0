import { describe, expect, it } from 'vitest';
import { checkParams } from '../../../steps/apply-serving/check-params.ts';
import { paramsOf } from './params.ts';

describe('params that are wrong together', () => {
  it.each([
    ['nothing', {}, []],
    ['a port that is none', { args: '--port=http' }, ['--args: --port=http is no port']],
    ['a port too high', { args: '--port=70000' }, ['--args: --port=70000 is no port']],
    ['a variable twice', { env: 'A=1\nB=x=y\nA=2\nA=3' }, ['--env: A is given more than once']],
    [
      'the vocabulary beside its own param',
      { env: 'TIKTOKEN_ENCODINGS_BASE=/x', 'encodings-base': '/mnt/models' },
      ['--env: TIKTOKEN_ENCODINGS_BASE belongs in --encodings-base (now /mnt/models)'],
    ],
    ['no command', { command: ' ' }, ['--command: is empty']],
    ['as much as it may have', { 'cpu-request': '8000m', 'memory-request': '32768Mi' }, []],
    ['the limit of a smaller unit', { 'memory-request': '34359738368', 'memory-limit': '34359739k' }, []],
    [
      'more than it may have',
      { 'cpu-request': '8.5', 'memory-request': '33G', 'memory-limit': '30Gi' },
      [
        '--cpu-request: 8.5 is more than --cpu-limit, 8',
        '--memory-request: 33G is more than --memory-limit, 30Gi',
      ],
    ],
    ['a label twice', { 'node-selector': 'a=1\nb=1\na=2' }, ['--node-selector: a is given more than once']],
  ])('%s', (_title, flags, problems) => {
    expect(checkParams(paramsOf(flags))).toEqual(problems);
  });
});
