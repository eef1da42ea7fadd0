import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exitCodes } from '../../../steps/lib/errors.ts';
import { describeParam, parseFlags } from '../../../steps/lib/flags.ts';
import { defineStep } from '../../../steps/lib/step.ts';
import { character } from './characters.ts';

const spec = defineStep({
  name: 'try',
  displayName: 'Try',
  summary: 'Tries the flags.',
  params: {
    model: { kind: 'string', description: 'The model' },
    'part-size': { kind: 'bytes', description: 'Size of a part', default: '64MiB', min: '5MiB' },
  },
  secrets: { 's3-secret': { description: 'keys of the bucket', default: 'x', keys: {} } },
  results: {},
  permissions: [],
  resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '64Mi' } },
});

describe('parseFlags', () => {
  test('takes params, the folders of Secrets and the flags of every run, as text', async () => {
    const argv = [
      '--model=a/b',
      '--part-size=007',
      '--s3-secret-dir=/s3',
      '--results-dir=/r',
      '--namespace=ns',
    ];
    expect(await parseFlags(spec, argv)).toEqual({
      values: {
        model: 'a/b',
        'part-size': '007',
        's3-secret-dir': '/s3',
        'results-dir': '/r',
        namespace: 'ns',
      },
      problems: [],
    });
  });

  test.each([
    ['--model=--evil', '--evil'],
    ['--model=a=b', 'a=b'],
    ['--model=', ''],
    ['--model=two words\nand lines', 'two words\nand lines'],
    ['--model=[1,2]', '[1,2]'],
    ["--model='x'", "'x'"],
    ['--model="x" and "y"', '"x" and "y"'],
    ['--model=""', '""'],
    ['--model="', '"'],
    ['--model=true', 'true'],
    ['--model=1e3', '1e3'],
    ['--model=Ж', 'Ж'],
  ])('keeps the value of %j as it is', async (flag, value) => {
    const { values, problems } = await parseFlags(spec, [flag]);
    expect(problems).toEqual([]);
    expect(values['model']).toBe(value);
  });

  test.each([
    [['--modle=x'], '--modle: no such flag'],
    [['--constructor=x'], '--constructor=x: no such flag'],
    [['--toString'], '--toString: no such flag'],
    [['--__proto__.a=x'], '--__proto__.a=x: no such flag'],
    [['--no-model'], '--no-model: no such flag'],
    [['--partSize=1'], '--partSize: no such flag'],
    [['-m', 'x'], '--m: no such flag'],
    [['--model.name=x'], '--model.name: no such flag'],
    [['stray'], '"stray": is not a flag; flags are --name=value'],
    [['--', 'stray'], '"stray": is not a flag; flags are --name=value'],
    [['--model=a', '--model=b'], '--model: given 2 times'],
    [['--version'], '--version: no such flag'],
  ])('says what is wrong with %j', async (argv, problem) => {
    const { problems } = await parseFlags(spec, argv);
    expect(problems).toContain(problem);
  });

  test('never throws, whatever the command line says', async () => {
    const word = fc.oneof(
      fc.string({ unit: character }),
      fc.string({ unit: character }).map((text) => `--${text}`),
      fc.string().map((text) => `--model=${text}`),
      fc.constantFrom(
        '--__proto__=x',
        '--__proto__.polluted=1',
        '--',
        '-',
        '--=',
        '--help=no',
        'x'.repeat(65_536),
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 6 }), async (argv) => {
        const { values } = await parseFlags(spec, argv);
        for (const value of Object.values(values)) expect(typeof value).toBe('string');
        expect({}).not.toHaveProperty('polluted');
      }),
    );
  });
});

test('--help shows every flag with what it may be, and every exit code', async () => {
  const { help } = await parseFlags(spec, ['--help', '--modle']);
  for (const text of [
    '--model',
    '--part-size',
    'at least 5MiB',
    'default: 64MiB',
    'The model (required)',
    '--s3-secret-dir',
    '--results-dir',
    'Tries the flags.',
  ])
    expect(help).toContain(text);
  for (const code of Object.values(exitCodes)) expect(help).toMatch(new RegExp(`^ +${code}  `, 'm'));
});

test.each([
  [{ kind: 'string', description: 'd', choices: ['a', 'b'] }, 'd (one of a, b)'],
  [{ kind: 'integer', description: 'd', min: '1', max: '9' }, 'd (at least 1, at most 9)'],
  [{ kind: 'list', description: 'd' }, 'd (one a line)'],
  [{ kind: 'boolean', description: 'd' }, 'd'],
] as const)('%j reads %j', (param, text) => {
  expect(describeParam(param)).toBe(text);
});
