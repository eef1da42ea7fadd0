import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Code } from '../../../steps/smoke-tool-calls/judge.ts';
import { rate } from '../../../steps/smoke-tool-calls/plan.ts';
import { explainFailure, explainLateness, renderReport } from '../../../steps/smoke-tool-calls/report.ts';

const all = { mustPass: 0, require: [] };
const score = (name: string, ...codes: (Code | undefined)[]) =>
  rate(
    { name, shows: `shows ${name}`, gate: name !== 'strict' },
    codes.map((code) => code && { code, seen: `content: "${name}"` }),
    all,
  );

test('the report is a table of equal columns', () => {
  const scores = [
    score('chat', undefined, undefined),
    score('tool-call', 'IN_CONTENT', undefined),
    score('strict', 'NONE', 'NONE'),
  ];
  expect(renderReport(scores)).toEqual([
    'check      verdict      passed  kind        why         what it shows',
    'chat       pass         2/2     gate                    shows chat',
    'tool-call  flaky        1/2     gate        IN_CONTENT  shows tool-call',
    'strict     unsupported  0/2     capability  NONE        shows strict',
  ]);
});

describe('explainFailure', () => {
  test('leads with the cause, and quotes every check that failed', () => {
    const failed = [score('tool-result', 'NONE', undefined), score('tool-call', 'IN_CONTENT', 'IN_CONTENT')];
    expect(explainFailure(failed, { service: 'gpt-oss' })).toMatchObject({
      failure: 'check',
      message:
        'LD190 TOOLCALL_IN_CONTENT: the model calls its tool, and the server leaves the call in the text (tool-result, tool-call)',
      evidence: [
        'NONE: content: "tool-result" (tool-result, 1 of 2 tries)',
        'IN_CONTENT: content: "tool-call" (tool-call, 2 of 2 tries)',
      ],
      hint: 'roll out again with the args of apply-serving for this model: --tool-call-parser must be its own (openai is for gpt-oss), beside --enable-auto-tool-choice; likewise --reasoning-parser',
    });
  });

  // A new code does not compile until it stands here, and then has to be explained.
  const codes = Object.keys({
    IN_CONTENT: true,
    EMPTY: true,
    NONE: true,
    BAD_JSON: true,
    BAD_ARGUMENTS: true,
    WRONG_NAME: true,
    UNASKED: true,
    LENGTH: true,
    LEAK: true,
    FINISH: true,
    WRONG_ANSWER: true,
    STREAM_ENDED: true,
    STREAM_PROTOCOL: true,
    NOT_OPENAI: true,
    REJECTED: true,
    SERVER_ERROR: true,
  } satisfies Record<Code, true>) as Code[];

  test.each(codes)('has a headline of one line and a hint for %s', (code) => {
    const { message, hint } = explainFailure([score('tool-call', code)], { service: 'gpt-oss' });
    expect(message).toMatch(new RegExp(`^LD190 TOOLCALL_${code}: .{15,100} \\(tool-call\\)$`));
    expect(hint.length).toBeGreaterThan(20);
  });

  test("the Task's README explains every code, by its headline", async () => {
    const readme = await readFile('tasks/smoke-tool-calls/README.md', 'utf8');
    const rows = [...readme.matchAll(/^\| `([A-Z_]+)` \| (.+?) \| .+ \|$/gm)].map(([, code, says]) => [
      code,
      says,
    ]);
    const expected = codes.map((code) => {
      const { message } = explainFailure([score('tool-call', code)], { service: 'gpt-oss' });
      return [code, message.replace(/^LD190 \w+: | \(tool-call\)$/g, '')];
    });
    expect(rows).toEqual(expected);
  });
});

test('explainLateness names the check that took the last of the time', () => {
  const params = { service: 'gpt-oss', timeout: 900_000, tries: 3 };
  expect(explainLateness([{ name: 'tool-result' }, { name: 'strict' }], params)).toMatchObject({
    failure: 'not-ready',
    message: 'the model answers too slowly: its gate is not through after 900 s',
    evidence: ['the time was over in tool-result (3 tries of every check)'],
    hint: expect.stringMatching(/^oc logs deploy\/gpt-oss-predictor /),
  });
});
