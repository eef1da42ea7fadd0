import { convertParams } from '../../../steps/lib/params.ts';
import type { ApplyParams } from '../../../steps/apply-serving/render.ts';
import { spec } from '../../../steps/apply-serving/spec.ts';
import { service } from '../lib/serving/rollout.ts';

/** What the Task gives the step, from flags as a person writes them. */
export function paramsOf(flags: Readonly<Record<string, string>> = {}): ApplyParams {
  const given = { service, prefix: 'models/openai/gpt/abc/', 'pipeline-run': 'run-1', ...flags };
  const { params, problems } = convertParams(spec, given);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return params;
}
