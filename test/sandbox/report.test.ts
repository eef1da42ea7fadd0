import { describe, expect, it } from 'vitest';
import { reportRun } from '../../sandbox/report.ts';

describe('reportRun', () => {
  it('shows each task, the results and the objects below each other', () => {
    const task = { reason: 'Succeeded', exitCode: 0, attempts: 1 } as const;
    const report = reportRun(
      {
        status: 'Failed',
        tasks: [
          {
            ...task,
            name: 'stage-model',
            status: 'Succeeded',
            seconds: 3.14,
            attempts: 2,
            results: new Map([['outcome', 'ok']]),
          },
          {
            ...task,
            name: 'apply',
            status: 'Failed',
            seconds: 1,
            results: new Map([['outcome', 'check: no']]),
          },
          {
            ...task,
            name: 'wait',
            status: 'None',
            reason: 'skipped: x',
            seconds: 0,
            attempts: 0,
            results: new Map(),
          },
        ],
        results: new Map([['revision', 'abc']]),
      },
      [{ key: 'models/a/config.json', size: 1806 }],
      's3://models',
    );
    expect(report).toMatchInlineSnapshot(`
      "TASK         OUTCOME     SECONDS
      stage-model  ok          3.1      2 attempts
      apply        check: no   1.0
      wait         skipped: x

      RESULT    VALUE
      revision  abc

      OBJECTS in s3://models
        models/a/config.json  1,806

      PipelineRun: Failed
      "
    `);
  });
});
