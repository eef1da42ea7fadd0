import { expect, test } from 'vitest';
import { selectorOf } from '../../../steps/lib/label-selector.ts';

test.each([
  [{}, ''],
  [{ app: 'a' }, 'app=a'],
  [{ app: 'a', 'tekton.dev/pipelineTask': 'stage' }, 'app=a,tekton.dev/pipelineTask=stage'],
])('of %j is %j', (labels, selector) => {
  expect(selectorOf(labels)).toBe(selector);
});
