import { describe, expect, it } from 'vitest';
import { crashProblem } from '../../../../steps/lib/serving/crash-problem.ts';
import { container, graces, initContainer, pod, target } from './snapshots.ts';

const around = { target, graces };

describe('a container that ended', () => {
  it('is told by the line that tells, then the last 40 lines, with their source', () => {
    const noise = Array.from({ length: 100 }, (_, n) => `  File "x.py", line ${n}`);
    const log = ['KeyError: the cause', ...noise].join('\n');
    const { evidence } = crashProblem(container({ crashes: 1, log }), pod(), around);
    expect(evidence[0]).toBe('KeyError: the cause (pod gpt-new-1, container kserve-container)');
    expect(evidence[1]).toBe('the last 40 lines of pod gpt-new-1, container kserve-container:');
    expect(evidence.slice(2)).toEqual(noise.slice(-40));
  });

  it('is told without words when it had none', () => {
    const silent = container({ crashes: 2, ended: { exitCode: 9 } });
    expect(crashProblem(silent, pod(), around)).toMatchObject({
      code: 'LD139 CRASHED',
      headline: 'it ended with exit code 9 (kserve-container ended 2 times)',
      evidence: ['pod gpt-new-1, container kserve-container has said nothing'],
      hint: 'oc logs gpt-new-1 -c kserve-container -n gpt-oss --previous',
    });
  });

  it.each([
    [1, Infinity],
    [graces.crashes - 1, Infinity],
    [graces.crashes, 0],
    [graces.crashes + 5, 0],
  ])('%i times: given up after %d ms', (crashes, graceMs) => {
    expect(crashProblem(initContainer({ crashes }), pod(), around).graceMs).toBe(graceMs);
  });
});
